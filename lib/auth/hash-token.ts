import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Db } from '#lib/db.ts'
import { type MadeOnceContext, madeOnce } from '#lib/seal/made-once.ts'

const place = { place: 'api_token.pepper', row: 'installation' }
/** It stays the same while a process lives: opening it for each request would buy nothing. */
const peppers = new WeakMap<Db, Promise<Uint8Array>>()

/**
 * What is stored instead of a token, 64 hexadecimal digits. 256 random bits need no slow hash; the pepper is there so
 * that whoever can only write to the database cannot make a token of their own.
 */
export async function hashToken(context: MadeOnceContext, token: string): Promise<string> {
  return withPepper(await pepperOf(context), createHash('sha256').update(token).digest('hex'))
}

function pepperOf(context: MadeOnceContext): Promise<Uint8Array> {
  const known = peppers.get(context.db)
  if (known) return known
  const opened = madeOnce(context, place, async (tx) => {
    const pepper = randomBytes(32)
    // Tokens from before there was one.
    for (const { id, hash } of await tx.apiToken.findMany({ select: { id: true, hash: true } }))
      await tx.apiToken.update({ where: { id }, data: { hash: withPepper(pepper, hash) } })
    return pepper
  })
  peppers.set(context.db, opened)
  opened.catch(() => peppers.delete(context.db))
  return opened
}

const withPepper = (pepper: Uint8Array, hash: string) => createHmac('sha256', pepper).update(hash).digest('hex')
