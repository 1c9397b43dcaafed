import { type AwsAccess, createAwsClients } from '#lib/aws/clients.ts'
import { findRegion } from '#lib/aws/schema.ts'
import type { OpeningKey } from '#lib/backup/envelope.ts'
import { AppError } from '#lib/errors.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import { parseKeyIdentifier } from '#lib/keys/schema.ts'
import type { RecoveryKit } from '#lib/seal/recovery-kit.ts'
import { memoryWrapper } from '#lib/seal/root-key.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { s3Store } from '#lib/storage/s3-store.ts'

/** What the person who recovers knows and says. Nothing of it is ever taken from the bucket. */
export interface RecoveryWishes {
  /** `s3://BUCKET` or `s3://BUCKET/PREFIX` */
  readonly address: string
  readonly environment: string
  /** Key ARNs. Neither they nor a kit: backups of method `none` are meant. */
  readonly keys: readonly string[]
  /** Opens what is wrapped by the console's own root keys. */
  readonly kit: RecoveryKit | undefined
  /** Undefined: the first key's. */
  readonly region: string | undefined
  /** One address for KMS and S3, such as the sandbox's; undefined: AWS's own. */
  readonly endpoint: string | undefined
  readonly credentials: AwsAccess['credentials']
  readonly proxy?: AwsAccess['proxy']
}

/** A bucket and keys, reached with the AWS SDK's default credentials. No database and no data folder. */
export interface RecoverySource {
  readonly store: ObjectStore
  readonly bucket: string
  /** Without a slash at either end; may be empty. */
  readonly prefix: string
  readonly environment: string
  /** Empty: method `none`. */
  readonly keys: readonly OpeningKey[]
  close(): void
}

/** @throws AppError `invalid` when something the person said can never work */
export function openRecoverySource(wishes: RecoveryWishes): RecoverySource {
  const { environment, endpoint, credentials, proxy } = wishes
  const { bucket, prefix } = parseBucketAddress(wishes.address)
  const keys = wishes.keys.map(parseKeyArn)
  const region = wishes.region ?? keys[0]?.region
  if (region === undefined)
    throw new AppError('invalid', 'The Region of the bucket is not known.', { fix: 'Name it with --region.' })
  if (!findRegion(region)) throw new AppError('invalid', `“${region}” is not an AWS Region.`)
  const reach = (where: string) => createAwsClients({ region: where, endpoint, credentials, proxy }, 'background')
  const clients = new Map([region, ...keys.map((key) => key.region)].map((where) => [where, reach(where)]))
  const clientsIn = (where: string) => {
    const found = clients.get(where)
    if (!found) throw new AppError('invalid', `There is no client for ${where}.`)
    return found
  }
  return {
    store: s3Store(clientsIn(region).s3, bucket),
    bucket,
    prefix,
    environment,
    keys: [
      ...keys.map((key) => ({
        keyId: key.arn,
        wrapper: kmsKeyWrapper(kmsOf(clientsIn(key.region).kms), {
          keyArn: key.arn,
          region: key.region,
          callerArn: undefined,
          installation: 'the installation',
          environment,
        }),
      })),
      ...(wishes.kit?.rootKeys ?? []).map(openingKey),
    ],
    close() {
      for (const one of clients.values()) one.destroy()
    },
  }
}

function openingKey({ id, key }: RecoveryKit['rootKeys'][number]): OpeningKey {
  const root = memoryWrapper({ id, key: Buffer.from(key, 'base64') })
  return {
    keyId: id,
    wrapper: {
      wrap: async (plaintext, context) => ({ keyId: id, ciphertext: await root.wrap(plaintext, context) }),
      unwrap: ({ ciphertext }, context) => root.unwrap(ciphertext, context),
    },
  }
}

/** @throws AppError `invalid` */
export function parseBucketAddress(address: string): { bucket: string; prefix: string } {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address) ?? []
  const prefix = rest.replace(/^\/+|\/+$/g, '')
  if (bucket === undefined)
    throw new AppError('invalid', `“${address}” is not the address of a bucket.`, {
      fix: 'Write s3://BUCKET or s3://BUCKET/PREFIX; the prefix is what stands before the environment’s ID.',
    })
  return { bucket, prefix }
}

/** @throws AppError `invalid` */
export function parseKeyArn(text: string): { arn: string; region: string } {
  const parsed = parseKeyIdentifier(text)
  if (parsed.ok && parsed.key.kind === 'key-arn') return { arn: parsed.key.value, region: parsed.key.region }
  throw new AppError('invalid', `“${text}” is not a key ARN.`, {
    fix: 'An alias may lead elsewhere today: name the key itself, as arn:aws:kms:REGION:ACCOUNT:key/ID.',
  })
}
