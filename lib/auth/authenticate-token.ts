import type { Db } from '#lib/db.ts'
import type { MadeOnceContext } from '#lib/seal/made-once.ts'
import { isToken } from './api-tokens.ts'
import { hashToken } from './hash-token.ts'
import { recordRefusal } from './record-refusal.ts'
import { recordRefusedTry } from './record-refused-try.ts'
import { can, roles, type SessionUser, type TokenScope, tokenScopes } from './schema.ts'
import { takeTry } from './sign-in-limit.ts'

export type TokenAnswer =
  | { readonly ok: true; readonly user: SessionUser; readonly id: string; readonly token: string }
  | { readonly ok: false; readonly status: 401 | 403 | 429; readonly message: string; readonly retryAfter?: number }

/** Writing when it was last used at every request would make a busy token's row the bottleneck. */
const lastUseEveryMs = 60_000

/**
 * Who a bearer token acts for, if it may do `scope` and its user still may: role and token are read anew each time.
 * `id` is its row's, `token` its name. Nothing of what was sent is in any answer or audit row.
 */
export async function authenticateToken(
  context: MadeOnceContext,
  text: string,
  scope: TokenScope | undefined,
): Promise<TokenAnswer> {
  const { db } = context
  const row = isToken(text)
    ? await db.apiToken.findUnique({ where: { hash: await hashToken(context, text) }, include: { user: true } })
    : null
  const now = new Date()
  if (!row)
    return refuse(
      db,
      'unknown',
      'not an API token of this console',
      isToken(text)
        ? 'This console does not know this API token. Its user may be gone; make a new one in Settings > API tokens.'
        : 'This is not an API token: a character is missing or wrong. Tokens begin with vct_.',
    )
  const name = `${row.name} (${row.start}…)`
  if (row.revokedAt) return refuse(db, row.id, `${name}, revoked`, 'This API token was revoked. Make a new one.')
  if (row.expiresAt <= now)
    return refuse(
      db,
      row.id,
      `${name}, expired`,
      `This API token expired at ${row.expiresAt.toISOString()}. Make a new one.`,
    )
  const forbid = async (message: string): Promise<TokenAnswer> => {
    await recordRefusal(db, row.user, scope && tokenScopes[scope], `API token ${name}. ${message}`)
    return { ok: false, status: 403, message }
  }
  if (scope === undefined) return forbid('This address takes no API token.')
  if (!row.scopes.includes(scope)) return forbid(`This API token may not do this: it has no scope ${scope}.`)
  const role = roles.find((known) => known === row.user.role)
  if (!role || !can(role, tokenScopes[scope]))
    return forbid(`The role of this API token’s user does not allow ${scope}.`)
  const before = new Date(now.getTime() - lastUseEveryMs)
  await db.apiToken.updateMany({
    where: { id: row.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: before } }] },
    data: { lastUsedAt: now },
  })
  const { id, email } = row.user
  return { ok: true, user: { id, name: row.user.name, email, role }, id: row.id, token: row.name }
}

/** So many times in a quarter of an hour, then with 429. A token that works is never refused for what others tried. */
async function refuse(db: Db, key: string, subject: string, message: string): Promise<TokenAnswer> {
  const entry = { actor: 'an API token', subject } as const
  await recordRefusedTry(db, { ...entry, action: 'token.use' }, entry)
  const seconds = await takeTry(db, `token:${key}`)
  if (seconds > 0) return { ok: false, status: 429, message: `${message} It was tried too often.`, retryAfter: seconds }
  return { ok: false, status: 401, message }
}
