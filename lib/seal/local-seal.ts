import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { secretFile } from '#lib/secret-file.ts'
import { memoryWrapper, type RootKey } from './root-key.ts'
import type { Seal } from './seal.ts'

const stored = z.object({ id: z.templateLiteral(['local/', z.uuid()]), key: z.base64().length(44) })
/** Before there was a keyring the root key itself stood in the data folder. */
const storedRootKey = z.object({ id: z.templateLiteral(['root-key/', z.uuid()]), key: z.base64().length(44) })

const fileOf = (dataDir: string) => path.join(dataDir, 'secrets', 'seal-key')
const rootKeyFileOf = (dataDir: string) => path.join(dataDir, 'secrets', 'root-key')

export function hasLocalSeal(dataDir: string): boolean {
  return existsSync(fileOf(dataDir))
}

/**
 * The seal `local`: a key file in the data folder, mode 0600. Whoever can read that file and the database has everything.
 * Throws AppError `integrity` when the file cannot be read, `unavailable` when it is not there and must not be made.
 * @param make only where nothing is sealed yet: a new key file opens nothing that exists
 */
export function openLocalSeal(dataDir: string, make: boolean): Seal {
  if (!make && !hasLocalSeal(dataDir))
    throw new AppError('unavailable', `The seal’s key file ${fileOf(dataDir)} is not there.`, {
      fix: 'Restore it from a copy, or use the recovery kit: byok seal recover KIT. On another machine than the console’s, the seal awskms is needed.',
    })
  const text = secretFile(dataDir, 'seal-key', () =>
    JSON.stringify({ id: `local/${randomUUID()}`, key: randomBytes(32).toString('base64') }),
  )
  const { id, key } = parse(text, stored, fileOf(dataDir))
  const own = memoryWrapper({ id, key: Buffer.from(key, 'base64') })
  const wrapper = {
    wrap: async (plaintext: Uint8Array, context: Readonly<Record<string, string>>) => ({
      keyId: id,
      ciphertext: await own.wrap(plaintext, context),
    }),
    unwrap: ({ ciphertext }: { ciphertext: Uint8Array }, context: Readonly<Record<string, string>>) =>
      own.unwrap(ciphertext, context),
  }
  return {
    mechanism: 'local',
    keyId: id,
    wrapper,
    opener: (wrap) => (wrap.mechanism === 'local' && wrap.keyId === id ? wrapper : undefined),
    keys: undefined,
    close: () => undefined,
  }
}

/** The root key of a console from before the keyring; undefined when there is none. */
export function rootKeyInFile(dataDir: string): RootKey | undefined {
  if (!existsSync(rootKeyFileOf(dataDir))) return undefined
  const text = secretFile(dataDir, 'root-key', () => '')
  const { id, key } = parse(text, storedRootKey, rootKeyFileOf(dataDir))
  return { id, key: Buffer.from(key, 'base64') }
}

/** Once the seal has wrapped it and the database has it. */
export function forgetRootKeyFile(dataDir: string): void {
  rmSync(rootKeyFileOf(dataDir), { force: true })
}

/** Once nothing is wrapped under it any more. */
export function forgetLocalSeal(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true })
}

function parse<T>(text: string, schema: z.ZodType<T>, file: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // The cause would carry the file's content.
    throw new AppError('integrity', `The key in ${file} cannot be read.`, {
      fix: 'Restore this file from a copy. Without it, stored credentials and backups of method AES-256 cannot be opened.',
    })
  }
}
