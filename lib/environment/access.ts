import type { AwsAccess } from '#lib/aws/clients.ts'
import { type DefaultChain, type StaticCredentials, sessionNameOf } from '#lib/aws/credentials.ts'
import type { ProxySettings } from '#lib/aws/proxy.ts'
import { type Endpoint, type EndpointService, parseEndpoint } from '#lib/aws/schema.ts'
import type { OnKmsCall } from '#lib/aws/watch-kms-calls.ts'
import type { Db, Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KmsTally } from '#lib/kms-calls/tally.ts'
import type { RootKeyWrapper } from '#lib/seal/keyring.ts'
import type { SecretKey } from './stored-secret.ts'

/** What the environment's functions need from the composition root. */
export interface EnvironmentContext {
  readonly db: Db
  /** Installation ID: part of every encryption context. */
  readonly installation: string
  /** Seals stored secrets and wraps backup keys of method AES-256. */
  readonly seal: RootKeyWrapper
  /** How this console itself reaches AWS: the default chain, or the sandbox. */
  readonly own: OwnAccess
  /** Counts calls of KMS. `own` counts them for some purpose; see `calledFor`. */
  readonly kmsTally: KmsTally
  /** `{region}` stands for the Region; undefined: this console hosts no bucket. */
  readonly hostedBucket: string | undefined
  /** Hosts from VAULT_ALLOWED_ENDPOINTS. */
  readonly allowedEndpoints: readonly string[]
}

/** This console's own credentials, which environments use unless they have theirs, and a sandbox's address. */
export interface OwnAccess {
  readonly credentials: StaticCredentials | DefaultChain
  readonly endpoint: string | undefined
  readonly proxy?: ProxySettings | undefined
  /** Hears of every call of KMS that this access or one made from it leads to. */
  readonly onKmsCall?: OnKmsCall | undefined
}

export interface AccessSettings {
  readonly region: string
  readonly hosted: boolean
  readonly credentials: string
  readonly accessKeyId: string | null
  readonly roleArn: string | null
  /** Empty or null: AWS's own. */
  readonly kmsEndpoint: string | null
  readonly s3Endpoint: string | null
}

/**
 * The credentials and endpoints that an environment's settings lead to.
 * @throws AppError `invalid` when they cannot lead anywhere: no secret, no role, an endpoint that is not allowed
 */
export function accessOf(
  context: Pick<EnvironmentContext, 'own' | 'allowedEndpoints'>,
  environment: { readonly id: string; readonly externalId: string },
  settings: AccessSettings,
  secret: SecretKey | undefined,
): AwsAccess {
  const { region } = settings
  const { own } = context
  if (settings.hosted) return { ...own, region }
  return {
    region,
    endpoint: own.endpoint,
    proxy: own.proxy,
    onKmsCall: own.onKmsCall,
    kmsEndpoint: endpointOf(context, settings.kmsEndpoint, 'kms'),
    s3Endpoint: endpointOf(context, settings.s3Endpoint, 's3'),
    credentials: credentialsFor(own, environment, settings, secret),
  }
}

function credentialsFor(
  own: OwnAccess,
  { id, externalId }: { readonly id: string; readonly externalId: string },
  { credentials, accessKeyId, roleArn }: AccessSettings,
  secret: SecretKey | undefined,
): AwsAccess['credentials'] {
  if (credentials === 'assume-role') {
    if (!roleArn)
      throw new AppError('invalid', 'This environment names no role to assume.', { fix: 'Enter the role’s ARN.' })
    return { roleArn, externalId, sessionName: sessionNameOf(id), base: own.credentials }
  }
  if (credentials === 'default') return own.credentials
  if (!secret || !accessKeyId)
    throw new AppError('invalid', 'The access key of this environment has no secret.', {
      fix: 'Enter the secret access key again.',
    })
  return { accessKeyId, ...secret }
}

function endpointOf(
  { allowedEndpoints }: Pick<EnvironmentContext, 'allowedEndpoints'>,
  typed: string | null,
  service: EndpointService,
): Endpoint | undefined {
  if (!typed) return undefined
  const parsed = parseEndpoint(typed, service, allowedEndpoints)
  if (parsed.ok) return parsed.endpoint
  throw new AppError('invalid', `The ${service.toUpperCase()} endpoint ${typed} cannot be used. ${parsed.message}`)
}

export function bucketOf(
  context: Pick<EnvironmentContext, 'hostedBucket'>,
  settings: { hosted: boolean; region: string; bucket: string },
): string {
  if (!settings.hosted) return settings.bucket
  if (!context.hostedBucket) {
    throw new AppError('invalid', 'This console hosts no bucket.', {
      fix: 'Untick hosting and name your own bucket, or set VAULT_HOSTED_BUCKET and restart.',
    })
  }
  return context.hostedBucket.replaceAll('{region}', settings.region)
}

/** The one environment of this installation, with its newest revision. Made by the first migration. */
export async function currentEnvironment(db: Tx) {
  const environment = await db.environment.findFirstOrThrow({
    where: { installation: null },
    orderBy: { createdAt: 'asc' },
    include: { revisions: { orderBy: { number: 'desc' }, take: 1 } },
  })
  return { id: environment.id, externalId: environment.externalId, revision: environment.revisions[0] }
}
export type Revision = NonNullable<Awaited<ReturnType<typeof currentEnvironment>>['revision']>

/** As `currentEnvironment`. @throws AppError `invalid` before the first save */
export async function savedEnvironment(db: Tx) {
  const { id, externalId, revision } = await currentEnvironment(db)
  if (!revision) throw nothingSaved()
  return { environmentId: id, externalId, revision }
}

/** @param fix what else helps than a first save */
export function nothingSaved(
  fix = 'Save one first: in Settings > Backup Environment, or with byok environment apply FILE.',
): AppError {
  return new AppError('invalid', 'No Backup Environment is saved yet.', { fix })
}
