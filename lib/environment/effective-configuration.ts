import { existsSync } from 'node:fs'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { type AwsAccess, addressesOf, createAwsClients } from '#lib/aws/clients.ts'
import type { CredentialSettings, CredentialSource } from '#lib/aws/credentials.ts'
import { defaultChain, type Variables } from '#lib/aws/default-chain.ts'
import { faultOf } from '#lib/aws/fault.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { accessOf, currentEnvironment, type EnvironmentContext, type Revision } from './access.ts'
import type { EffectiveConfiguration, EffectiveValue } from './schema.ts'
import { openSecret } from './stored-secret.ts'

/** What this host says besides the form. */
export interface HostSettings {
  /** The `AWS_…` variables that are set. */
  readonly awsVariables: Variables
  /** The credentials of the seal; undefined where it needs none. */
  readonly sealCredentials: CredentialSettings | undefined
}

type Shadow = EffectiveValue['shadows'][number]

/**
 * What the newest revision comes to on this host: every value, where it came from, what it shadows, and who AWS says
 * the caller is. Asks STS, so it takes as long as AWS does. Nothing secret leaves it.
 * @returns undefined when nothing was ever saved
 */
export async function viewEffectiveConfiguration(
  context: EnvironmentContext,
  host: HostSettings,
): Promise<EffectiveConfiguration | undefined> {
  const environment = await currentEnvironment(context.db)
  const { revision } = environment
  if (!revision) return undefined
  const settled = place(context, host, revision)
  try {
    const access = accessOf(context, environment, revision, await openSecret(context, environment.id, revision))
    const [addresses, { credentials, caller }] = await Promise.all([addressesOf(access), whoIs(context, host, access)])
    return {
      revision: revision.number,
      values: [
        settled.region,
        credentials,
        endpointValue('KMS endpoint', addresses.kms, access.kmsEndpoint?.url, access, host),
        endpointValue('S3 endpoint', addresses.s3, access.s3Endpoint?.url, access, host),
        ...settled.rest,
      ],
      caller,
      sharedWithSeal:
        host.sealCredentials !== undefined && onChain(host.sealCredentials) && onChain(access.credentials),
    }
  } catch (error) {
    // Settings that lead nowhere on this host, such as an endpoint that is no longer allowed.
    if (!(error instanceof AppError)) throw error
    const caller = { problem: messageOf(error) }
    return { revision: revision.number, values: [settled.region, ...settled.rest], caller, sharedWithSeal: false }
  }
}

const form = 'this form'

function place({ hostedBucket, own }: EnvironmentContext, { awsVariables }: HostSettings, revision: Revision) {
  const { region, hosted, bucket, prefix, masterKey, keyArn } = revision
  const hostedFrom =
    own.endpoint && hostedBucket === 'vault-hosted-{region}' ? 'the sandbox’s default' : 'VAULT_HOSTED_BUCKET'
  const hostedName = hostedBucket?.replaceAll('{region}', region)
  const value = (name: EffectiveValue['name'], text: string | null, source: string, shadows: Shadow[] = []) => ({
    name,
    value: text,
    source,
    shadows,
  })
  return {
    region: value('Region', region, form, set(awsVariables, ['AWS_REGION', 'AWS_DEFAULT_REGION'])),
    rest: [
      value('Master key', keyArn, masterKey === keyArn ? form : `this form, which says ${masterKey}`),
      hosted
        ? value('Bucket', bucket, hostedFrom)
        : value('Bucket', bucket, form, hostedName ? [{ source: hostedFrom, value: hostedName }] : []),
      value('Prefix', prefix || null, form),
    ].filter(({ name }) => name !== 'Master key' || keyArn !== null),
  }
}

/** Which credentials answer, what they shadow, and whose they are. */
async function whoIs(context: EnvironmentContext, { awsVariables }: HostSettings, access: AwsAccess) {
  const clients = createAwsClients(access, 'interactive')
  try {
    const [found, caller] = await Promise.all([
      clients.resolveCredentials().catch((error: unknown) => ({ problem: saidBy(error) })),
      clients.sts.send(new GetCallerIdentityCommand({})).then(
        ({ Arn }) => (Arn ? { arn: Arn } : { problem: 'AWS STS answered without an ARN.' }),
        (error: unknown) => ({ problem: saidBy(error) }),
      ),
    ])
    const identity = 'identity' in found ? found.identity : undefined
    const kind = 'source' in found ? found.source.kind : undefined
    const credentials: EffectiveValue = {
      name: 'Credentials',
      value: identity ? `access key ${shorten(identity.accessKeyId)}` : null,
      source: 'source' in found ? sourceWords(context, access, found.source) : 'nowhere: none were found',
      shadows: shadowedSources(awsVariables, kind),
    }
    return { credentials, caller }
  } finally {
    clients.destroy()
  }
}

/** In AWS's own words, as far as they can be shown. */
function saidBy(error: unknown): string {
  if (error instanceof AppError) return messageOf(error)
  const { code, message } = faultOf(error)
  return message || `AWS answered ${code}.`
}

function sourceWords({ own }: EnvironmentContext, { credentials }: AwsAccess, source: CredentialSource): string {
  const given = own.endpoint !== undefined && credentials === own.credentials ? 'the sandbox' : form
  if (source.kind === 'given') return given
  if (source.kind !== 'role') return source.detail
  const base = own.endpoint === undefined ? 'the default chain’s credentials' : 'the sandbox’s credentials'
  return `role ${source.detail} of this form, assumed with ${base}`
}

/** Later places of the chain that something points at; all of them where the chain is not asked. */
function shadowedSources(variables: Variables, kind: CredentialSource['kind'] | undefined): Shadow[] {
  const links = defaultChain(variables)
  const from = links.findIndex(({ source }) => source.kind === kind)
  return links
    .slice(from + 1)
    .filter(({ source, configured, files }) => {
      if (source.kind === 'instance') return false // Nobody can tell without asking.
      return configured && (files === undefined || variables.AWS_PROFILE !== undefined || files.some(existsSync))
    })
    .map(({ source }) => ({
      source: source.kind === 'profile' && variables.AWS_PROFILE !== undefined ? 'AWS_PROFILE' : source.detail,
      value: source.kind === 'environment' ? shorten(variables.AWS_ACCESS_KEY_ID ?? '') : source.detail,
    }))
}

function endpointValue(
  name: 'KMS endpoint' | 'S3 endpoint',
  address: string,
  typed: string | undefined,
  access: AwsAccess,
  { awsVariables }: HostSettings,
): EffectiveValue {
  const own = name === 'KMS endpoint' ? 'AWS_ENDPOINT_URL_KMS' : 'AWS_ENDPOINT_URL_S3'
  const ignored = awsVariables.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true'
  const named = ignored ? [] : set(awsVariables, [own, 'AWS_ENDPOINT_URL'])
  const sandbox = access.endpoint === undefined ? [] : [{ source: 'the sandbox', value: access.endpoint }]
  const said = [...(typed === undefined ? [] : [{ source: form, value: typed }]), ...sandbox, ...named]
  const [first, ...shadows] = said
  return { name, value: address, source: first?.source ?? defaultEndpoint(address, awsVariables), shadows }
}

function defaultEndpoint(address: string, variables: Variables): string {
  if (!/\.(amazonaws\.(com|com\.cn|eu)|api\.aws|gov|uk)$/.test(address)) return 'endpoint_url of the shared config file'
  const [flag] = set(variables, ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT']).filter(
    ({ value }) => value === 'true',
  )
  return flag ? `AWS’s default, with ${flag.source}` : 'AWS’s default'
}

function set(variables: Variables, names: readonly string[]): Shadow[] {
  return names.flatMap((source) => {
    const value = variables[source]
    return value === undefined ? [] : [{ source, value }]
  })
}

function onChain(credentials: CredentialSettings): boolean {
  return 'variables' in credentials || ('base' in credentials && 'variables' in credentials.base)
}

function shorten(accessKeyId: string): string {
  return accessKeyId.length > 8 ? `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}` : accessKeyId
}
