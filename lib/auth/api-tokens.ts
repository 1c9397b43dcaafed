import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { recordAudit } from '#lib/audit/record.ts'
import { type Db, literally, type Prisma } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { MadeOnceContext } from '#lib/seal/made-once.ts'
import { hashToken } from './hash-token.ts'
import {
  can,
  type NewToken,
  type Role,
  type TokenRow,
  type TokensQuery,
  type TokensView,
  tokenScopes,
} from './schema.ts'

// `vct_`, 256 random bits, then their CRC-32: a scanner recognises one that leaked, and a typo is told from a stranger.
const prefix = 'vct_'
const form = /^vct_([0-9a-f]{64})([0-9a-f]{8})$/
/** Of one person; nobody needs more. */
const mostActive = 50
const pageSize = 50

export function newToken(): string {
  const secret = randomBytes(32).toString('hex')
  return prefix + secret + checksumOf(secret)
}

/** False for anything that was never a token of this console, or was mistyped. */
export function isToken(text: string): boolean {
  const [, secret, checksum] = form.exec(text) ?? []
  return secret !== undefined && checksumOf(secret) === checksum
}

export interface TokenOwner {
  readonly id: string
  readonly email: string
  readonly role: Role
}

/**
 * Makes a token that acts for `owner`. Its text is in what this returns and nowhere else.
 * @throws AppError `denied` for a scope that the owner's role does not have, `invalid` when there are too many
 */
export async function createApiToken(
  context: MadeOnceContext,
  owner: TokenOwner,
  { name, scopes, expires }: NewToken,
  actor: string,
): Promise<{ id: string; token: string; expiresAt: string }> {
  for (const scope of scopes) {
    if (can(owner.role, tokenScopes[scope])) continue
    throw new AppError('denied', `The role of ${owner.email} (${owner.role}) does not allow ${scope}.`, {
      fix: 'Leave it out, or let an administrator change the role first.',
    })
  }
  const token = newToken()
  const hash = await hashToken(context, token)
  const expiresAt = new Date(Date.now() + expires)
  return context.db.$transaction(async (tx) => {
    const active = await tx.apiToken.count({
      where: { userId: owner.id, revokedAt: null, expiresAt: { gt: new Date() } },
    })
    if (active >= mostActive)
      throw new AppError('invalid', `${owner.email} has ${active} API tokens already.`, {
        fix: 'Revoke some that are not needed any more.',
      })
    const start = token.slice(0, prefix.length + 8)
    const { id } = await tx.apiToken.create({
      data: { name, scopes, userId: owner.id, expiresAt, start, hash },
      select: { id: true },
    })
    await recordAudit(tx, {
      actor,
      action: 'token.create',
      outcome: 'success',
      subject: `${name} (${start}…) for ${owner.email}`,
      changes: { scopes: [null, scopes.join(', ')], expires: [null, expiresAt.toISOString()] },
    })
    return { id, token, expiresAt: expiresAt.toISOString() }
  })
}

/** Newest first, a page at a time. @param userId whose; undefined: everybody's */
export async function viewApiTokens(
  db: Db,
  userId: string | undefined,
  { text, page: asked }: TokensQuery,
): Promise<TokensView> {
  const like = text && { contains: literally(text), mode: 'insensitive' as const }
  const whose = userId === undefined ? {} : { userId }
  const where = { ...whose, ...(like && { OR: [{ name: like }, { start: like }, { user: { email: like } }] }) }
  const [total, found] = await Promise.all([db.apiToken.count({ where: whose }), db.apiToken.count({ where })])
  const pages = Math.max(1, Math.ceil(found / pageSize))
  const page = Math.min(asked, pages)
  const rows = await listApiTokens(db, where, { skip: (page - 1) * pageSize, take: pageSize })
  return { rows, total, found, page, pages }
}

/** Newest first. */
export async function listApiTokens(
  db: Db,
  where: Prisma.ApiTokenWhereInput = {},
  part: { readonly skip?: number; readonly take?: number } = {},
): Promise<TokenRow[]> {
  const rows = await db.apiToken.findMany({
    where,
    include: { user: { select: { email: true } } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    ...part,
  })
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    start: row.start,
    scopes: row.scopes,
    user: row.user.email,
    state: row.revokedAt ? 'revoked' : row.expiresAt <= new Date() ? 'expired' : 'active',
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }))
}

/**
 * From now on it opens nothing. Idempotent.
 * @param userId only if it is theirs; undefined: whoever's it is
 * @throws AppError `not-found`
 */
export async function revokeApiToken(db: Db, id: string, userId: string | undefined, actor: string): Promise<void> {
  await db.$transaction(async (tx) => {
    const mine = { id, ...(userId !== undefined && { userId }) }
    const row = await tx.apiToken.findFirst({ where: mine, include: { user: { select: { email: true } } } })
    if (!row) throw new AppError('not-found', 'There is no such API token.')
    const { count } = await tx.apiToken.updateMany({
      where: { ...mine, revokedAt: null },
      data: { revokedAt: new Date() },
    })
    if (count === 0) return
    const subject = `${row.name} (${row.start}…) of ${row.user.email}`
    await recordAudit(tx, { actor, action: 'token.revoke', outcome: 'success', subject })
  })
}

function checksumOf(secret: string): string {
  return crc32(prefix + secret)
    .toString(16)
    .padStart(8, '0')
}
