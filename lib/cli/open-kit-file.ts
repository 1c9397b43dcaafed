import { readFileSync } from 'node:fs'
import { AppError } from '#lib/errors.ts'
import { type RecoveryKit, readRecoveryKit } from '#lib/seal/recovery-kit.ts'
import { readSecrets } from './read-secret.ts'

/** Asks for the passphrase, or reads it as a line. */
export async function openKitFile(file: string): Promise<RecoveryKit> {
  const text = readKit(file)
  const [passphrase = ''] = await readSecrets('Passphrase of the kit')
  return readRecoveryKit(text, passphrase)
}

function readKit(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('not-found', `${file} cannot be read: ${why}.`, { cause })
  }
}
