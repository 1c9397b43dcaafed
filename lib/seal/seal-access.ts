import type { AwsAccess } from '#lib/aws/clients.ts'
import type { AssumedRole, CredentialSettings, DefaultChain, StaticCredentials } from '#lib/aws/credentials.ts'
import { hostRegion } from '#lib/aws/host-region.ts'
import type { ProxySettings } from '#lib/aws/proxy.ts'
import type { OnKmsCall } from '#lib/aws/watch-kms-calls.ts'
import { AppError } from '#lib/errors.ts'
import { parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'
import type { AwskmsSettings, Sourced } from './seal-settings.ts'

type Own = {
  readonly credentials: StaticCredentials | DefaultChain
  readonly endpoint: string | undefined
  readonly proxy?: ProxySettings | undefined
  readonly onKmsCall?: OnKmsCall | undefined
}

/** Metadata of the machine is waited for so long in all: for the Region, and again for credentials. */
const halfOfMetadataWaitMs = 1_000

/**
 * The access that a stanza leads to. What the host's own configuration names may lead anywhere: it is the operator's word.
 * Throws AppError `invalid` for credentials that are set in halves.
 */
export async function accessOf(settings: AwskmsSettings, { own }: { readonly own: Own }): Promise<AwsAccess> {
  const credentials = credentialsOf(settings, own.credentials)
  const region = await regionFor(settings, credentials)
  return {
    region: region.value,
    credentials: region.askedMetadata ? hurried(credentials) : credentials,
    endpoint: settings.endpoint ? withScheme(settings.endpoint.value) : own.endpoint,
    // The address is of KMS: a role is assumed at STS's own.
    stsEndpoint: own.endpoint,
    proxy: own.proxy,
    onKmsCall: own.onKmsCall,
  }
}

/** HashiCorp's seal takes a host alone, too, and means https. */
const withScheme = (endpoint: string) => (endpoint.includes('://') ? endpoint : `https://${endpoint}`)

/** The Region that a stanza leads to, and what said so. */
export function sealRegion(settings: AwskmsSettings, { own }: { readonly own: Own }) {
  return regionFor(settings, credentialsOf(settings, own.credentials))
}

/** As the reference has it: given, the profile's, the machine's, us-east-1; before the machine is asked, the key's ARN. */
async function regionFor(
  settings: AwskmsSettings,
  credentials: CredentialSettings,
): Promise<{ value: string; source: string; askedMetadata: boolean }> {
  if (settings.region) return { ...settings.region, askedMetadata: false }
  const key = parseKeyIdentifier(settings.kms_key_id?.value ?? '')
  const ofKey = key.ok ? regionOf(key.key) : undefined
  const base = 'base' in credentials ? credentials.base : credentials
  const preset = { value: 'us-east-1', source: 'default', askedMetadata: false }
  if (ofKey) return { value: ofKey, source: 'the key’s ARN', askedMetadata: false }
  if (!('variables' in base)) return preset
  const { region, source, askedMetadata } = await hostRegion(base.variables, halfOfMetadataWaitMs)
  return region ? { value: region, source, askedMetadata } : { ...preset, askedMetadata }
}

function hurried(credentials: CredentialSettings): CredentialSettings {
  const metadataWaitMs = halfOfMetadataWaitMs
  if ('variables' in credentials) return { ...credentials, metadataWaitMs }
  if ('base' in credentials && 'variables' in credentials.base)
    return { ...credentials, base: { ...credentials.base, metadataWaitMs } }
  return credentials
}

/** Settled without asking anything. Throws AppError `invalid` for what is set in halves. */
export function credentialsOf(settings: AwskmsSettings, own: StaticCredentials | DefaultChain): CredentialSettings {
  const base = givenKey(settings) ?? chainOf(settings, own)
  const { role_arn: role, web_identity_token_file: token } = settings
  // With a token the chain assumes the role by itself.
  if (!role || token) return base
  return {
    roleArn: role.value,
    externalId: settings.external_id?.value ?? '',
    sessionName: settings.role_session_name?.value ?? 'vault-console-seal',
    base,
  } satisfies AssumedRole
}

const inEnvironment = ({ source }: Sourced) => source.startsWith('AWS_')

function givenKey({ access_key: id, secret_key: secret, session_token: token }: AwskmsSettings) {
  if (!id && !secret) return undefined
  if (!id || !secret)
    throw new AppError(
      'invalid',
      `The seal has ${id ? 'an access_key without a secret_key' : 'a secret_key without an access_key'}.`,
      { fix: 'Set both in one place, or neither.' },
    )
  if (inEnvironment(id) !== inEnvironment(secret))
    throw new AppError(
      'invalid',
      `The seal’s access_key is from ${id.source} and its secret_key from ${secret.source}: they do not belong together.`,
      { fix: 'Set both in one place, or neither.' },
    )
  // From the environment the chain takes them; here only their names are known.
  if (inEnvironment(id)) return undefined
  const session = token && !inEnvironment(token) ? { sessionToken: token.value } : {}
  return { accessKeyId: id.value, secretAccessKey: secret.value, ...session }
}

const chainVariables = {
  AWS_SHARED_CREDENTIALS_FILE: 'shared_creds_filename',
  AWS_PROFILE: 'shared_creds_profile',
  AWS_WEB_IDENTITY_TOKEN_FILE: 'web_identity_token_file',
  AWS_ROLE_ARN: 'role_arn',
  AWS_ROLE_SESSION_NAME: 'role_session_name',
  AWS_REGION: 'region',
} as const satisfies Record<string, keyof AwskmsSettings>

/** The default chain, with what the stanza says in place of what the environment would. */
function chainOf(settings: AwskmsSettings, own: StaticCredentials | DefaultChain): StaticCredentials | DefaultChain {
  const said = Object.entries(chainVariables).flatMap(([variable, parameter]) => {
    const one = settings[parameter]
    return one && !inEnvironment(one) ? [{ variable, parameter, value: one.value }] : []
  })
  const points = said.some(({ parameter }) => /shared_creds|web_identity/.test(parameter))
  // In the sandbox only a stanza that points elsewhere leads away from its user.
  if (!('variables' in own) && !points) return own
  const variables = 'variables' in own ? own.variables : {}
  return { variables: { ...variables, ...Object.fromEntries(said.map(({ variable, value }) => [variable, value])) } }
}
