import { readFileSync } from 'node:fs'
import type { AwsAccess } from '#lib/aws/clients.ts'
import type { CredentialSettings, DefaultChain, StaticCredentials } from '#lib/aws/credentials.ts'
import { AppError } from '#lib/errors.ts'
import { parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'
import type { KeyringContext } from './keyring.ts'
import { openKmsSeal } from './kms-seal.ts'
import { openLocalSeal } from './local-seal.ts'
import type { Seal } from './seal.ts'
import { type AwskmsSettings, readSealSettings, type SealSettings } from './seal-settings.ts'

/** Where the seal's settings come from on this host. */
export interface SealHost {
  readonly dataDir: string
  /** VAULT_CONFIG */
  readonly configFile: string | undefined
  /** Names and values, but for secrets: in their place stands that they are set. */
  readonly variables: Readonly<Record<string, string>>
  /** How the console itself reaches AWS, for what the seal's own settings leave open. */
  readonly own: { readonly credentials: StaticCredentials | DefaultChain; readonly endpoint: string | undefined }
}

/** @throws AppError `invalid` for what is configured wrongly, `unavailable` when the file cannot be read */
export function sealSettingsOf({ configFile, variables }: Pick<SealHost, 'configFile' | 'variables'>): SealSettings {
  return readSealSettings({
    config: configFile ? { file: configFile, text: textOf(configFile) } : undefined,
    variables,
  })
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('unavailable', `VAULT_CONFIG names ${file}, which cannot be read: ${why}.`, { cause })
  }
}

/**
 * Opens the seal that is configured. Throws AppError with the diagnosis.
 * @param make whether a local key file may be made: only where nothing is sealed yet
 */
export async function openSeal(
  { installation }: Pick<KeyringContext, 'installation'>,
  active: SealSettings['active'],
  host: SealHost,
  make: boolean,
): Promise<Seal> {
  if (active.type === 'local') return openLocalSeal(host.dataDir, make)
  return openKmsSeal(installation, {
    access: accessOf(active.settings, host),
    keyId: active.settings.kms_key_id?.value ?? '',
  })
}

/** The access that a stanza leads to. What the host's own configuration names may lead anywhere: it is the operator's word. */
export function accessOf(settings: AwskmsSettings, { own }: Pick<SealHost, 'own'>): AwsAccess {
  const key = parseKeyIdentifier(settings.kms_key_id?.value ?? '')
  return {
    // Last, as in the reference: us-east-1.
    region: settings.region?.value ?? (key.ok ? regionOf(key.key) : undefined) ?? 'us-east-1',
    credentials: credentialsOf(settings, own.credentials),
    endpoint: settings.endpoint?.value ?? own.endpoint,
  }
}

function credentialsOf(settings: AwskmsSettings, own: StaticCredentials | DefaultChain): CredentialSettings {
  const { access_key: id, secret_key: secret, session_token: token, role_arn: role } = settings
  if (Boolean(id) !== Boolean(secret))
    throw new AppError(
      'invalid',
      `The seal has ${id ? 'an access_key without a secret_key' : 'a secret_key without an access_key'}.`,
      {
        fix: 'Set both in one place, or neither.',
      },
    )
  // From the environment the SDK's own chain takes them; here only names are known.
  const given =
    id && secret && !secret.source.startsWith('AWS_')
      ? { accessKeyId: id.value, secretAccessKey: secret.value, ...(token && { sessionToken: token.value }) }
      : undefined
  const base = given ?? own
  if (!role || settings.web_identity_token_file) return base
  return {
    roleArn: role.value,
    externalId: settings.external_id?.value ?? '',
    sessionName: settings.role_session_name?.value ?? 'vault-console-seal',
    base,
  }
}
