import { AppError } from '#lib/errors.ts'
import { type Keyring, type KeyringContext, type KeyringOptions, openKeyring } from './keyring.ts'
import { forgetRootKeyFile, rootKeyInFile } from './local-seal.ts'
import { openSeal, type SealHost, sealSettingsOf } from './open-seal.ts'
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
    forgetRootKeyFile(host.dataDir)
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
