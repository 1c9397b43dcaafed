import { AppError, messageOf } from '#lib/errors.ts'
import { sealSettingsOf } from './host-settings.ts'
import type { KeyringContext } from './keyring.ts'
import { openKeyring } from './keyring.ts'
import { openSeal, type SealHost } from './open-seal.ts'
import type { SealValue, SealView } from './schema.ts'
import { sealRegion } from './seal-access.ts'
import type { AwskmsParameter, AwskmsSettings } from './seal-settings.ts'
import { rootKeyStatus } from './seal-status.ts'

const secrets: readonly string[] = ['secret_key', 'session_token'] satisfies AwskmsParameter[]

/** Tries the seal now, in this process: what a start would find. Never throws for what the seal answers. */
export async function viewSeal(context: KeyringContext, host: SealHost): Promise<SealView> {
  const rootKeys = await rootKeyStatus(context.db)
  let type: SealView['type'] = 'unknown'
  let configuration: SealValue[] = []
  try {
    const { active } = sealSettingsOf(host)
    type = active.type
    configuration = active.type === 'awskms' ? await valuesOf(active.settings, host) : []
    const seal = await openSeal(context, active, host, rootKeys.length === 0)
    await openKeyring(context, seal, { follow: false }).finally(() => seal.close())
    return {
      status: 'unsealed',
      type,
      keyArn: seal.keyId,
      error: null,
      remedies: [],
      configuration,
      rootKeys: await rootKeyStatus(context.db),
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return {
      status: 'sealed',
      type,
      keyArn: rootKeys[0]?.keyIds[0] ?? null,
      error: messageOf(error),
      remedies: error.remedies,
      configuration,
      rootKeys,
    }
  }
}

/** Each value with its source. A Region that nothing names is that of profile or machine, which is asked. */
export async function valuesOf(settings: AwskmsSettings, host: Pick<SealHost, 'own'>): Promise<SealValue[]> {
  const given = Object.entries(settings).map(([name, one]) => ({
    name,
    value: secrets.includes(name) ? '(set)' : one.value,
    source: one.source,
    shadows: one.shadows,
  }))
  if (settings.region) return given
  const { value, source } = await sealRegion(settings, host)
  return [{ name: 'region', value, source, shadows: [] }, ...given]
}
