import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'

/** How to reach AWS as one principal in one Region. */
export interface AwsAccess {
  readonly region: string
  /** Undefined: the SDK's default chain (environment, shared file, web identity, container, instance). */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined
  /** One address for every service (the sandbox). Undefined: AWS's own. */
  readonly endpoint: string | undefined
}

export interface AwsClients {
  readonly kms: KMSClient
  readonly s3: S3Client
  readonly sts: STSClient
  destroy(): void
}

/**
 * The only place that makes AWS clients.
 * @param patience `interactive` gives up early, because a person waits; `background` keeps trying for about a minute.
 */
export function createAwsClients(access: AwsAccess, patience: 'interactive' | 'background'): AwsClients {
  const interactive = patience === 'interactive'
  const shared = {
    region: access.region,
    ...(access.credentials && { credentials: access.credentials }),
    ...(access.endpoint && { endpoint: access.endpoint }),
    maxAttempts: interactive ? 2 : 10,
    requestHandler: {
      connectionTimeout: interactive ? 3_000 : 10_000,
      requestTimeout: interactive ? 10_000 : 60_000,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: 32 },
      httpsAgent: { keepAlive: true, maxSockets: 32 },
    },
  }
  const kms = new KMSClient(shared)
  const sts = new STSClient(shared)
  // The sandbox has one host name for all buckets; AWS wants the bucket in the host name.
  const s3 = new S3Client({ ...shared, forcePathStyle: access.endpoint !== undefined })
  return {
    kms,
    s3,
    sts,
    destroy() {
      kms.destroy()
      sts.destroy()
      s3.destroy()
    },
  }
}
