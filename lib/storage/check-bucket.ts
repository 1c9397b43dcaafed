import { randomBytes, randomUUID } from 'node:crypto'
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { faultOf, isChecksumMismatch } from '#lib/aws/fault.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { type Check, type CheckId, checkTitles } from '#lib/keys/schema.ts'
import { diagnoseS3, type S3Action, type S3Situation } from './diagnose-s3.ts'

type BucketCheckId = Extract<CheckId, `bucket.${string}`>

/**
 * Writes, reads back and deletes one small object, with the same conditions as a backup's.
 * @param folder where to put it: `<prefix>/<environmentId>/checks`
 */
export async function checkBucket(s3: S3Client, folder: string, situation: S3Situation): Promise<Check[]> {
  const Bucket = situation.bucket
  const Key = `${folder}/${randomUUID()}`
  const probe = randomBytes(64)
  const step = async (
    id: BucketCheckId,
    action: S3Action,
    run: () => Promise<{ requestId: string | undefined; detail: string }>,
  ): Promise<Check> => {
    const started = performance.now()
    const took = () => Math.round(performance.now() - started)
    try {
      const { requestId, detail } = await run()
      return { id, title: checkTitles[id], status: 'passed', detail, awsRequestId: requestId, durationMs: took() }
    } catch (error) {
      if (error instanceof AppError || isChecksumMismatch(error)) {
        const told = {
          title: `${checkTitles[id]}: it is not what was written`,
          detail: messageOf(error),
          cause: 'The answer is not one that Amazon S3 gives.',
          fix: 'Check the endpoint and what lies between this console and AWS.',
        }
        return { id, status: 'failed', kind: 'invalid', ...told, durationMs: took() }
      }
      const fault = faultOf(error)
      const aws = { awsCode: fault.code, awsMessage: fault.message, awsRequestId: fault.requestId, durationMs: took() }
      return { id, status: 'failed', kind: fault.kind, ...diagnoseS3(fault, action, situation), ...aws }
    }
  }

  const written = await step('bucket.write', 's3:PutObject', async () => {
    const { $metadata } = await s3.send(
      new PutObjectCommand({ Bucket, Key, Body: probe, ChecksumAlgorithm: 'SHA256', IfNoneMatch: '*' }),
    )
    return { requestId: $metadata.requestId, detail: `Bucket ${Bucket} took an object.` }
  })
  if (written.status !== 'passed') return [written, skipped('bucket.read'), skipped('bucket.delete')]

  const read = await step('bucket.read', 's3:GetObject', async () => {
    const { Body, $metadata } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const bytes = await Body?.transformToByteArray()
    if (!bytes || !probe.equals(bytes)) throw new AppError('integrity', 'Other bytes came back than were written.')
    return { requestId: $metadata.requestId, detail: 'The same bytes came back.' }
  })
  const deleted = await step('bucket.delete', 's3:DeleteObject', async () => {
    const { $metadata } = await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    return { requestId: $metadata.requestId, detail: 'Nothing of the check is left in the bucket.' }
  })
  return [written, read, deleted]
}

function skipped(id: BucketCheckId): Check {
  return {
    id,
    title: checkTitles[id],
    status: 'skipped',
    detail: 'Needs the object that could not be written.',
    durationMs: 0,
  }
}
