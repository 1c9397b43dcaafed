import 'server-only'
import { headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { cache } from 'react'
import { allowedOrigins } from '#lib/auth/allowed-origins.ts'
import { authenticateToken } from '#lib/auth/authenticate-token.ts'
import { type CurrentSession, readSession } from '#lib/auth/read-session.ts'
import { recordRefusal } from '#lib/auth/record-refusal.ts'
import { can, type Permission, type SessionUser, type TokenScope } from '#lib/auth/schema.ts'
import type { Beginner } from '#lib/auth/still-may.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { refusal } from './answer.ts'
import { type Console, getConsole } from './console.ts'

/** What was typed into a page is still there when somebody signs in beside it. */
export const sessionEnded = 'Your session has ended. Sign in in another window, then try again here.'

/** Which session asks. Once per request. */
export const currentSession = cache(async (): Promise<CurrentSession | undefined> => {
  return readSession(await getConsole(), await headers(), { keepAlive: true })
})

export async function currentUser(): Promise<SessionUser | undefined> {
  return (await currentSession())?.user
}

/** For pages. Without a session: to the sign-in page. Without the permission: there is no such page. */
export async function requireUser(permission: Permission): Promise<SessionUser> {
  return (await requireSession(permission)).user
}

/** `requireUser`, for a page that shows which session it is. */
export async function requireSession(permission: Permission): Promise<CurrentSession> {
  const session = await currentSession()
  if (!session) redirect('/sign-in')
  if (!(await mayDo(session.user, permission))) notFound()
  return session
}

/** Whether the role allows it; a refusal is written down, once per request. */
export const mayDo = cache(async ({ id, email, role }: SessionUser, permission: Permission): Promise<boolean> => {
  if (can(role, permission)) return true
  const { db } = await getConsole()
  await recordRefusal(db, { id, email }, permission, `the role ${role} does not allow it.`)
  return false
})

export interface RequestUser extends SessionUser {
  /** The name of the API token that asks for them. */
  readonly token?: string
  readonly begun: Beginner['by']
}

/**
 * For route handlers: who asks, or the answer that refuses. A session asks from a page of this console; an API token
 * from anywhere, where the handler names the scope that it needs.
 * @param use whether asking counts as use of the session: not what a page that is only left open asks by itself
 */
export async function permitRequest(
  request: Request,
  permission: Permission,
  scope?: TokenScope,
  use: { keepAlive: boolean } = { keepAlive: true },
): Promise<RequestUser | Response> {
  const console = await whenOpen()
  if (console instanceof Response) return console
  const { backup, env } = console
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (bearer !== undefined) {
    const use = await authenticateToken(backup, bearer, scope)
    if (use.ok) return { ...use.user, token: use.token, begun: { token: use.id } }
    return refuse(use.status, use.message, use.retryAfter)
  }
  const session = await readSession(console, request.headers, use)
  if (!session) return refuse(401, scope === undefined ? sessionEnded : 'Sign in first, or send an API token.')
  if (!fromOwnPage(request, allowedOrigins(env))) return refuse(403, 'This is only for pages of this console.')
  const { id, until, user } = session
  if (!(await mayDo(user, permission))) return refuse(403, 'Your role does not allow this.')
  return { ...user, begun: { session: id, until } }
}

/** The console, or the answer while it is sealed. */
export async function whenOpen(): Promise<Console | Response> {
  try {
    return await getConsole()
  } catch (error) {
    if (error instanceof AppError && error.code === 'sealed') return refuse(503, messageOf(error))
    throw error
  }
}

function refuse(status: number, message: string, retryAfter?: number): Response {
  return refusal(status, message, undefined, {
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  })
}

/** A page of another site must neither read this with the person's cookie nor change anything. */
function fromOwnPage(request: Request, allowed: readonly string[]): boolean {
  const from = request.headers.get('sec-fetch-site')
  if (request.method === 'GET' || request.method === 'HEAD')
    return from === null || from === 'same-origin' || from === 'none'
  const origin = request.headers.get('origin')
  // A browser that is told to name no page says `null`, of a form of these pages too: then its other word counts.
  return origin === null || origin === 'null' ? from === 'same-origin' : allowed.includes(origin)
}
