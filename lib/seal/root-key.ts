import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { secretFile } from '#lib/secret-file.ts'

/** The console's own key: wraps backup keys of method AES-256 and seals stored secrets. 256 bits. */
export interface RootKey {
  /** `root-key/<UUID>`: stands wherever it was used, so that the key that opens a value is always known. */
  readonly id: string
  readonly key: Uint8Array
}

const stored = z.object({ id: z.templateLiteral(['root-key/', z.uuid()]), key: z.base64().length(44) })

/** Reads the root key from the data folder; the first call makes it. Losing this file loses what stands under it. */
export function loadRootKey(dataDir: string): RootKey {
  const text = secretFile(dataDir, 'root-key', () =>
    JSON.stringify({ id: `root-key/${randomUUID()}`, key: randomBytes(32).toString('base64') }),
  )
  try {
    const { id, key } = stored.parse(JSON.parse(text))
    return { id, key: Buffer.from(key, 'base64') }
  } catch {
    // The cause would carry the file's content.
    throw new AppError('integrity', `The root key in ${dataDir}/secrets/root-key cannot be read.`, {
      fix: 'Restore this file from a copy. Without it, backups of method AES-256 and stored credentials cannot be opened.',
    })
  }
}
