import 'server-only'
import { revalidatePath } from 'next/cache'
import { headers } from 'next/headers'
import type { z } from 'zod'
import type { ActionError, ActionResult } from '#lib/action-result.ts'
import { allowedOrigins } from '#lib/auth/allowed-origins.ts'
import type { CurrentSession } from '#lib/auth/read-session.ts'
import type { Permission, SessionUser } from '#lib/auth/schema.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { type Console, getConsole } from './console.ts'
import { currentSession, mayDo, sessionEnded } from './session.ts'

interface ActionContext<S extends z.ZodType> {
  readonly console: Console
  readonly user: SessionUser
  readonly session: CurrentSession
  readonly input: z.output<S>
}

/**
 * Every server action goes through here: same origin, session, permission, schema, then one call to lib.
 * What was typed is never sent back, and an unexpected error shows nothing of itself.
 */
export async function permitted<S extends z.ZodType, R>(
  permission: Permission,
  schema: S,
  input: unknown,
  run: (context: ActionContext<S>) => Promise<R>,
): Promise<R | ActionError> {
  return guarded<R | ActionError>(async (console) => {
    const session = await currentSession()
    if (!session) return { status: 'error', message: sessionEnded }
    const { user } = session
    if (!(await mayDo(user, permission)))
      return { status: 'error', message: `Your role (${user.role}) does not allow this.` }
    return parsed(schema, input, (value) => run({ console, user, session, input: value }))
  })
}

/**
 * `permitted`, for what changes something: its pages are drawn anew however it ends, because a refusal often says that
 * they show what is past.
 * @param pages a path: of it and of all below
 * @param run what goes to the browser beside `status: 'success'`
 */
export async function change<S extends z.ZodType, R extends object>(
  pages: string,
  permission: Permission,
  schema: S,
  input: unknown,
  run: (context: ActionContext<S>) => Promise<R>,
): Promise<ActionResult<R>> {
  const result = await permitted(permission, schema, input, async (context) => ({
    status: 'success' as const,
    ...(await run(context)),
  }))
  revalidatePath(pages, 'layout')
  return result
}

/** For the two actions that come before a session: setup and sign-out. */
export async function guarded<R>(run: (console: Console) => Promise<R>): Promise<R | ActionError> {
  try {
    const vault = await getConsole()
    if (!(await fromOwnPage(allowedOrigins(vault.env)))) {
      return { status: 'error', message: 'This request did not come from a page of this console.' }
    }
    return await run(vault)
  } catch (error) {
    if (error instanceof AppError) return refusal(error)
    console.error(error)
    return {
      status: 'error',
      message: 'Something went wrong in this console. The reason is in logs/web.log of the data folder.',
    }
  }
}

const needsAttention = 'Some values need your attention.'

/** At its field, where it is about one. */
function refusal(error: AppError): ActionError {
  if (error.field === undefined) return { status: 'error', message: messageOf(error) }
  return { status: 'error', message: needsAttention, fieldErrors: { [error.field]: messageOf(error) } }
}

export async function parsed<S extends z.ZodType, R>(
  schema: S,
  input: unknown,
  run: (value: z.output<S>) => Promise<R>,
): Promise<R | ActionError> {
  const result = schema.safeParse(input)
  if (result.success) return run(result.data)
  const fieldErrors: Record<string, string> = {}
  for (const { path, message } of result.error.issues) fieldErrors[path.join('.')] ??= message
  return { status: 'error', message: needsAttention, fieldErrors }
}

// Next lets an action without an Origin header through with a warning; here it must say where it comes from.
async function fromOwnPage(allowed: readonly string[]): Promise<boolean> {
  const sent = await headers()
  const origin = sent.get('origin')
  return origin === null ? sent.get('sec-fetch-site') === 'same-origin' : allowed.includes(origin)
}
