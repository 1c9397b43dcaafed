import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Db } from '#lib/db.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { getSealed, putSealed } from '#lib/seal/sealed-values.ts'

const place = { place: 'installation.auth_secret', row: 'installation' }

/** What signs session cookies. Made once, and sealed; one that an older console kept in a file is taken over. */
export async function authSecret(
  context: { readonly db: Db; readonly installation: string; readonly seal: KeyWrapper },
  dataDir: string,
): Promise<string> {
  const { db } = context
  const stored = (await getSealed(db, context, place)) ?? (await db.$transaction(make))
  return Buffer.from(stored).toString('utf8')

  async function make(tx: Parameters<typeof putSealed>[0]): Promise<Uint8Array> {
    // Two processes at once: the second waits here, and then finds the first one's.
    await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
    const other = await getSealed(tx, context, place)
    if (other) return other
    const file = path.join(dataDir, 'secrets', 'auth-secret')
    const secret = existsSync(file) ? readFileSync(file) : Buffer.from(randomBytes(48).toString('base64url'))
    await putSealed(tx, context, place, secret)
    rmSync(file, { force: true })
    return secret
  }
}
