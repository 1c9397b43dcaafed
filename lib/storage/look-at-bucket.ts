import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { faultOf } from '#lib/aws/fault.ts'
import { type Outcome, runLookup } from '#lib/keys/run-check.ts'
import type { Check } from '#lib/keys/schema.ts'
import { judgeEncryption, judgeLifecycle, judgeObjectLock, judgePublicAccess, judgeTransport } from './judge-bucket.ts'

/** The settings of a bucket that decide how safe backups are in it. All at once; nothing depends on being allowed to look. */
export async function lookAtBucket(
  s3: S3Client,
  bucket: string,
  folder: string,
  tell: (check: Check) => Promise<void>,
): Promise<void> {
  const Bucket = bucket
  const look = async (id: Check['id'], action: string, run: () => Promise<Outcome>) =>
    tell(await runLookup({ id }, action, run))
  await Promise.all([
    look('bucket.versioning', 's3:GetBucketVersioning', async () => {
      const [versioning, lifecycle] = await Promise.all([
        s3.send(new GetBucketVersioningCommand({ Bucket })),
        // What may not be seen cannot be warned about.
        s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })).catch((error: unknown) => {
          const { code } = faultOf(error)
          return code === 'NoSuchLifecycleConfiguration' ? { Rules: [] } : undefined
        }),
      ])
      const { requestId } = versioning.$metadata
      return { requestId, ...judgeLifecycle(bucket, folder, versioning, lifecycle?.Rules ?? (lifecycle && [])) }
    }),
    look('bucket.objectLock', 's3:GetBucketObjectLockConfiguration', async () => {
      const answer = await orNone(
        s3.send(new GetObjectLockConfigurationCommand({ Bucket })),
        'ObjectLockConfigurationNotFoundError',
      )
      return { requestId: answer.requestId, ...judgeObjectLock(answer.found?.ObjectLockConfiguration) }
    }),
    look('bucket.publicAccess', 's3:GetBucketPublicAccessBlock', async () => {
      const [block, status] = await Promise.all([
        orNone(s3.send(new GetPublicAccessBlockCommand({ Bucket })), 'NoSuchPublicAccessBlockConfiguration'),
        s3.send(new GetBucketPolicyStatusCommand({ Bucket })).catch(() => undefined),
      ])
      const isPublic = status?.PolicyStatus?.IsPublic ?? false
      const { requestId, found } = block
      return { requestId, ...judgePublicAccess(bucket, found?.PublicAccessBlockConfiguration, isPublic) }
    }),
    look('bucket.tls', 's3:GetBucketPolicy', async () => {
      const { requestId, found } = await orNone(s3.send(new GetBucketPolicyCommand({ Bucket })), 'NoSuchBucketPolicy')
      return { requestId, ...judgeTransport(found?.Policy) }
    }),
    look('bucket.encryption', 's3:GetEncryptionConfiguration', async () => {
      const { $metadata, ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }))
      return { requestId: $metadata.requestId, ...judgeEncryption(ServerSideEncryptionConfiguration?.Rules?.[0]) }
    }),
  ])
}

/** S3 answers 404 for a setting that was never made. */
async function orNone<T extends { $metadata: { requestId?: string | undefined } }>(
  call: Promise<T>,
  absent: string,
): Promise<{ found: T | undefined; requestId: string | undefined }> {
  try {
    const found = await call
    return { found, requestId: found.$metadata.requestId }
  } catch (error) {
    const { code, requestId } = faultOf(error)
    if (code !== absent) throw error
    return { found: undefined, requestId }
  }
}
