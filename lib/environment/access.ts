import { z } from 'zod'
import type { AwsAccess } from '#lib/aws/clients.ts'
import type { Db, Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'

/** What the environment's functions need from the composition root. */
export interface EnvironmentContext {
  readonly db: Db
  /** Installation ID: part of every encryption context. */
  readonly installation: string
  /** Seals stored secrets and wraps backup keys of method AES-256. */
  readonly seal: KeyWrapper
  /** How this console itself reaches AWS: the default chain, or the sandbox. */
  readonly own: Omit<AwsAccess, 'region'>
  /** `{region}` stands for the Region; undefined: this console hosts no bucket. */
  readonly hostedBucket: string | undefined
}

export interface SecretKey {
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
const secretKey = z.object({ secretAccessKey: z.string(), sessionToken: z.string().optional() })

export interface SealedSecret {
  readonly sealedSecret: Uint8Array<ArrayBuffer>
  /** The root key that opens it. */
  readonly sealedUnder: string
}

export async function sealSecret(
  context: EnvironmentContext,
  environment: string,
  secret: SecretKey,
): Promise<SealedSecret> {
  const wrapped = await context.seal.wrap(Buffer.from(JSON.stringify(secret)), boundTo(context, environment))
  return { sealedSecret: Uint8Array.from(wrapped.ciphertext), sealedUnder: wrapped.keyId }
}

export async function openSecret(
  context: EnvironmentContext,
  environment: string,
  { sealedSecret, sealedUnder }: { sealedSecret: Uint8Array | null; sealedUnder: string | null },
): Promise<SecretKey | undefined> {
  if (!sealedSecret || !sealedUnder) return undefined
  const bytes = await context.seal.unwrap(
    { keyId: sealedUnder, ciphertext: sealedSecret },
    boundTo(context, environment),
  )
  return secretKey.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
}

/** Where the value stands is authenticated with it, so that it cannot be moved to another row or column. */
function boundTo({ installation }: EnvironmentContext, environment: string): Record<string, string> {
  return { installation, environment, purpose: 'environment_revision.sealedSecret' }
}

export interface AccessSettings {
  readonly region: string
  readonly hosted: boolean
  readonly credentials: string
  readonly accessKeyId: string | null
}

/** The credentials and endpoint that an environment's settings lead to. */
export function accessOf(
  context: EnvironmentContext,
  settings: AccessSettings,
  secret: SecretKey | undefined,
): AwsAccess {
  const { region } = settings
  if (settings.hosted || settings.credentials === 'default') return { ...context.own, region }
  if (!secret || !settings.accessKeyId)
    throw new AppError('invalid', 'The access key of this environment has no secret.', {
      fix: 'Enter the secret access key again.',
    })
  return { region, endpoint: context.own.endpoint, credentials: { accessKeyId: settings.accessKeyId, ...secret } }
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

/** The one environment there is, with its newest revision. Made by the first migration. */
export async function currentEnvironment(db: Tx) {
  const environment = await db.environment.findFirstOrThrow({
    orderBy: { createdAt: 'asc' },
    include: { revisions: { orderBy: { number: 'desc' }, take: 1 } },
  })
  return { id: environment.id, revision: environment.revisions[0] }
}
export type Revision = NonNullable<Awaited<ReturnType<typeof currentEnvironment>>['revision']>
