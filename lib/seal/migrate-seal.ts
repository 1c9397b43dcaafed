import { AppError } from '#lib/errors.ts'
import { exchangeSeal } from './exchange-seal.ts'
import { sealSettingsOf } from './host-settings.ts'
import type { KeyringContext } from './keyring.ts'
import { openKmsSeal } from './kms-seal.ts'
import { forgetLocalSeal, hasLocalSeal, openLocalSeal } from './local-seal.ts'
import { openSeal, type SealHost } from './open-seal.ts'
import type { Seal } from './seal.ts'
import { accessOf } from './seal-access.ts'

/**
 * Moves every root key from the seal that wrapped it to the one that is configured: `local` to `awskms`, back (the old
 * one in a stanza with disabled = "true"), or from one KMS key, account or Region to another. Crash-safe: see exchangeSeal.
 * Throws AppError with what stands in the way; until the end the old seal works.
 */
export async function migrateSeal(
  context: KeyringContext,
  host: SealHost,
): Promise<{ exchanged: number; from: string; to: string; keyFile: 'deleted' | 'left' | 'none' }> {
  const settings = sealSettingsOf(host)
  const wraps = await context.db.rootKeyWrap.findMany({ distinct: ['keyId'], select: { mechanism: true, keyId: true } })
  // Before it is known what opens the old wraps, a key file would only stand in the way of the next diagnosis.
  const to = await openSeal(context, settings.active, host, wraps.length === 0 || settings.leaving !== undefined)
  const foreign = wraps.filter(({ keyId }) => keyId !== to.keyId)
  const from = await openOld()
  const exchanged = await exchangeSeal(context, from, to)
  const keyFile = forgetKeyFile()
  return { exchanged, from: foreign.map(({ keyId }) => keyId).join(', ') || to.keyId, to: to.keyId, keyFile }

  /** Only the one that was left just now: in a shell that names two consoles it may be the other one's. */
  function forgetKeyFile() {
    if (to.mechanism !== 'awskms' || !hasLocalSeal(host.dataDir)) return 'none'
    if (!foreign.some(({ mechanism }) => mechanism === 'local')) return 'left'
    const { keyId } = openLocalSeal(host.dataDir, false)
    if (!foreign.some((wrap) => wrap.keyId === keyId)) return 'left'
    forgetLocalSeal(host.dataDir)
    return 'deleted'
  }

  async function openOld(): Promise<Seal> {
    if (foreign.length === 0) return to
    const ofFile = foreign.some(({ mechanism }) => mechanism === 'local')
    // Without the file: where a root key has no other wrap, it says itself what is missing.
    if (ofFile && to.mechanism !== 'local' && (hasLocalSeal(host.dataDir) || (await onlyFileOpens())))
      return openLocalSeal(host.dataDir, false)
    const { leaving } = settings
    if (leaving?.kms_key_id)
      return openKmsSeal(context.installation, {
        access: await accessOf(leaving, host),
        keyId: leaving.kms_key_id.value,
        regionSource: leaving.region?.source,
      })
    // The same credentials may open what another of its keys wrapped.
    if (to.mechanism === 'awskms') return to
    throw new AppError(
      'invalid',
      `The root keys are wrapped by ${foreign.map(({ keyId }) => keyId).join(', ')}, and nothing says how to open that.`,
      {
        fix: ofFile
          ? 'Restore that key file, secrets/seal-key in the data folder, from a copy, or use the recovery kit: byok seal recover KIT.'
          : 'Leave its seal "awskms" stanza in VAULT_CONFIG and add disabled = "true" to it.',
      },
    )
  }

  async function onlyFileOpens(): Promise<boolean> {
    return (await context.db.rootKey.count({ where: { wraps: { every: { mechanism: 'local' } } } })) > 0
  }
}
