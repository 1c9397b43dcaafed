import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { type MadeOnceContext, madeOnce } from '#lib/seal/made-once.ts'

const place = { place: 'installation.auth_secret', row: 'installation' }

/** What signs session cookies. Made once, and sealed; one that an older console kept in a file is taken over. */
export async function authSecret(context: MadeOnceContext, dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'secrets', 'auth-secret')
  const secret = await madeOnce(context, place, () =>
    existsSync(file) ? readFileSync(file) : Buffer.from(randomBytes(48).toString('base64url')),
  )
  rmSync(file, { force: true })
  return Buffer.from(secret).toString('utf8')
}
