import { z } from 'zod'
import { getConsole } from '#app/_lib/console.ts'
import { limitedBody } from '#app/_lib/limited-body.ts'
import { lineStream } from '#app/_lib/line-stream.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { confirmPassword } from '#lib/auth/confirm-password.ts'
import { limitKeyChecks } from '#lib/auth/limit-key-checks.ts'
import { confirmedBy } from '#lib/environment/confirm.ts'
import { saveEnvironment, testEnvironment } from '#lib/environment/save-environment.ts'
import { saveRequestSchema } from '#lib/environment/save-schema.ts'
import { environmentSchema } from '#lib/environment/schema.ts'
import { AppError, messageOf } from '#lib/errors.ts'

const mode = z.object({ mode: z.enum(['test', 'save']) })
const testRequest = z.object({ settings: environmentSchema, restoredFrom: saveRequestSchema.shape.restoredFrom })

/** More than the form can come to: a session token and some ARNs. */
const mostBytes = 64 * 1024

/**
 * Test key and Save Settings: one JSON value a line, `{ check }` as soon as each is known and `{ result }` at the end.
 * A person who leaves in the middle of a save has it saved all the same, as with any other form.
 */
export async function POST(request: Request): Promise<Response> {
  const body = await jsonOf(request)
  const asked = mode.safeParse(body)
  const saving = asked.success && asked.data.mode === 'save'
  const permission = saving ? 'environment.change' : 'key.check'
  const user = await permitRequest(request, permission)
  if (user instanceof Response) return user
  if (!asked.success) return Response.json({ message: 'This is no request of this page.' }, { status: 400 })
  const { backup, auth } = await getConsole()
  const limited = async (run: () => Promise<object>) => {
    try {
      await limitKeyChecks(backup.db, user, permission)
      return await run()
    } catch (error) {
      return failed(error)
    }
  }

  if (saving) {
    const parsed = saveRequestSchema.safeParse(body)
    if (!parsed.success) return lineStream(async (send) => send({ result: refused(parsed.error) }))
    const { settings, base, confirmation, restoredFrom } = parsed.data
    const asker = { user, headers: request.headers }
    const confirm = confirmedBy(confirmation, (password) => confirmPassword(backup.db, auth, asker, password))
    return lineStream(async (send) => {
      const onCheck = (check: unknown) => send({ check })
      const asked = { confirm, restoredFrom, onCheck }
      send({ result: await limited(() => saveEnvironment(backup, settings, base, user.email, asked)) })
    })
  }
  const parsed = testRequest.safeParse(body)
  if (!parsed.success) return lineStream(async (send) => send({ result: refused(parsed.error) }))
  const { settings, restoredFrom } = parsed.data
  return lineStream(async (send) => {
    const asked = { restoredFrom, onCheck: (check: unknown) => send({ check }) }
    send({ result: await limited(() => testEnvironment(backup, settings, user.email, asked)) })
  })
}

async function jsonOf(request: Request): Promise<unknown> {
  const body = await limitedBody(request, mostBytes)
  try {
    return body && JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function refused({ issues }: z.ZodError) {
  const fieldErrors: Record<string, string> = {}
  for (const { path, message } of issues) {
    const [first, ...rest] = path
    fieldErrors[(first === 'settings' ? rest : path).join('.')] ??= message
  }
  return { status: 'error' as const, message: 'Some values need your attention.', fieldErrors }
}

/** An unexpected error shows nothing of itself. */
function failed(error: unknown) {
  if (error instanceof AppError) return { status: 'error' as const, message: messageOf(error) }
  console.error(error)
  const message = 'Something went wrong in this console. The reason is in logs/web.log of the data folder.'
  return { status: 'error' as const, message }
}
