import { type RecoveryKit, readRecoveryKit } from '#lib/seal/recovery-kit.ts'
import { readNamedFile } from './named-file.ts'
import { readSecrets } from './read-secret.ts'

/** Asks for the passphrase, or reads it as a line. */
export async function openKitFile(file: string): Promise<RecoveryKit> {
  const text = readNamedFile(file)
  const [passphrase = ''] = await readSecrets('Passphrase of the kit')
  return readRecoveryKit(text, passphrase)
}
