import 'server-only'
import { headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { cache } from 'react'
import { can, type Permission, roles, type SessionUser } from '#lib/auth/schema.ts'
import { getConsole } from './console.ts'

/** Who asks, straight from the database: a revoked session or a changed role counts at once. Once per request. */
export const currentUser = cache(async (): Promise<SessionUser | undefined> => {
  const { auth } = await getConsole()
  return userOf(await auth.api.getSession({ headers: await headers() }))
})

/** For pages. Without a session: to the sign-in page. Without the permission: there is no such page. */
export async function requireUser(permission: Permission): Promise<SessionUser> {
  const user = await currentUser()
  if (!user) redirect('/sign-in')
  if (!can(user.role, permission)) notFound()
  return user
}

/** For route handlers: who asks, or the answer that refuses. */
export async function permitRequest(request: Request, permission: Permission): Promise<SessionUser | Response> {
  const { auth } = await getConsole()
  const user = userOf(await auth.api.getSession({ headers: request.headers }))
  const refuse = (status: number, message: string) =>
    Response.json({ message }, { status, headers: { 'cache-control': 'no-store' } })
  if (!user) return refuse(401, 'Sign in first.')
  // A page of another site must not read this with the person's cookie.
  const from = request.headers.get('sec-fetch-site')
  if (from && from !== 'same-origin' && from !== 'none') return refuse(403, 'This is only for pages of this console.')
  if (!can(user.role, permission)) return refuse(403, 'Your role does not allow this.')
  return user
}

function userOf(
  session: { user: { id: string; name: string; email: string; role: string } } | null,
): SessionUser | undefined {
  const role = roles.find((known) => known === session?.user.role)
  if (!session || !role) return undefined
  const { id, name, email } = session.user
  return { id, name, email, role }
}
