import { randomBytes } from 'node:crypto'
import { AppError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import { sealSettingsOf } from './host-settings.ts'
import { type Keyring, type KeyringContext, type KeyringOptions, openKeyring } from './keyring.ts'
import { forgetRootKeyFile, rootKeyInFile } from './local-seal.ts'
import { openSeal, type SealHost } from './open-seal.ts'
import { memoryWrapper } from './root-key.ts'
import type { Seal } from './seal.ts'

export interface Unsealed {
  readonly keyring: Keyring
  readonly seal: Seal
}

/**
 * Opens the console's root keys with the seal that is configured.
 * Throws AppError `invalid` when the configuration itself is wrong, and `sealed` with the diagnosis otherwise.
 */
export async function unseal(
  context: KeyringContext,
  host: SealHost,
  { follow }: Pick<KeyringOptions, 'follow'> = {},
): Promise<Unsealed> {
  const { active } = sealSettingsOf(host)
  const sealedBefore = (await context.db.rootKey.count()) > 0
  try {
    const seal = await openSeal(context, active, host, !sealedBefore)
    const adopt = sealedBefore ? undefined : rootKeyInFile(host.dataDir)
    const keyring = await openKeyring(context, seal, { adopt, follow }).catch((error: unknown) => {
      // Tried every few seconds, maybe for days.
      seal.close()
      throw error
    })
    await forgetAdopted(keyring, host.dataDir, follow)
    return { keyring, seal }
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw new AppError('sealed', `This console is sealed. ${cause.message}`, {
      cause,
      retryable: true,
      ...(cause.fix && { fix: cause.fix }),
    })
  }
}

/**
 * The file of a console from before the keyring goes once the seal has proven to hold what is in it. One that belongs to
 * another database may be the last copy of what opens that one's backups.
 * @param tell a console's own start says why it stays; a command does not each time
 */
async function forgetAdopted(keyring: Keyring, dataDir: string, tell = true): Promise<void> {
  const why = await isHeld(keyring, dataDir).catch(messageOf)
  if (why === true) forgetRootKeyFile(dataDir)
  else if (why !== undefined && tell)
    log(
      'warning',
      'seal',
      `secrets/root-key in the data folder stays: this database does not have the key in it. Where it belongs to another database of this console, keep it: it opens backups of method AES-256 there. (${why})`,
    )
}

/** Undefined where there is none. @throws why it is not */
async function isHeld(keyring: Keyring, dataDir: string): Promise<true | undefined> {
  const left = rootKeyInFile(dataDir)
  if (!left) return undefined
  const boundTo = { purpose: 'proof' }
  const probe = randomBytes(32)
  const ciphertext = await memoryWrapper(left).wrap(probe, boundTo)
  const opened = await keyring.unwrap({ keyId: left.id, ciphertext }, boundTo)
  if (!probe.equals(opened)) throw new AppError('integrity', 'It opens something else.')
  return true
}
