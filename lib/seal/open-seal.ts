import type { DefaultChain, StaticCredentials } from '#lib/aws/credentials.ts'
import { AppError } from '#lib/errors.ts'
import { type HostSettings, sealSettingsOf } from './host-settings.ts'
import type { KeyringContext } from './keyring.ts'
import { openKmsSeal } from './kms-seal.ts'
import { hasLocalSeal, openLocalSeal } from './local-seal.ts'
import type { Seal } from './seal.ts'
import { accessOf } from './seal-access.ts'
import type { SealSettings } from './seal-settings.ts'

/** Where the seal's settings come from on this host. */
export interface SealHost extends HostSettings {
  readonly dataDir: string
  /** How the console itself reaches AWS, for what the seal's own settings leave open. */
  readonly own: { readonly credentials: StaticCredentials | DefaultChain; readonly endpoint: string | undefined }
}

/**
 * Opens the seal that is configured. Throws AppError with the diagnosis.
 * @param make whether a local key file may be made: only where nothing is sealed yet
 */
export async function openSeal(
  { db, installation }: KeyringContext,
  active: SealSettings['active'],
  host: SealHost,
  make: boolean,
): Promise<Seal> {
  if (active.type === 'local') {
    if (!make && !hasLocalSeal(host.dataDir)) await mustNeedFile(db, sealSettingsOf(host).leaving)
    return openLocalSeal(host.dataDir, make)
  }
  return openKmsSeal(installation, {
    access: await accessOf(active.settings, host),
    keyId: active.settings.kms_key_id?.value ?? '',
    regionSource: active.settings.region?.source,
  })
}

/**
 * A key file that nothing was ever wrapped by is not lost: this process is configured otherwise than the console was, as
 * in a second shell. Who were told to use the recovery kit there would take the console's own seal away.
 */
async function mustNeedFile(db: KeyringContext['db'], leaving: SealSettings['leaving']): Promise<void> {
  const wraps = await db.rootKeyWrap.findMany({ distinct: ['keyId'], orderBy: { createdAt: 'desc' } })
  if (wraps.length === 0 || wraps.some(({ mechanism }) => mechanism === 'local')) return
  const keys = wraps.map(({ keyId }) => keyId).join(' and ')
  if (leaving)
    throw new AppError('conflict', `The root keys are wrapped by ${keys}, and ${leaving.disabled?.source} leaves it.`, {
      fix: 'To move them to a key file, run byok seal migrate on this host. To stay with that key, take disabled out of its stanza.',
    })
  throw new AppError('conflict', `The root keys are wrapped by ${keys}, but no seal awskms is configured here.`, {
    fix: 'Set VAULT_CONFIG, or VAULT_SEAL_TYPE and VAULT_AWSKMS_SEAL_KEY_ID, in this shell as well as for the console. To leave that key for a key file, name it in a stanza with disabled = "true" and run byok seal migrate.',
  })
}
