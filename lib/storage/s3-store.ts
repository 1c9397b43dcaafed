import { createHash } from 'node:crypto'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { fixAlone } from '#lib/aws/diagnosis.ts'
import { faultOf, isChecksumMismatch } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import { diagnoseS3 } from './diagnose-s3.ts'
import { listPages } from './list-pages.ts'
import type { ObjectStore } from './object-store.ts'
import { readBody } from './read-body.ts'
import type { S3Action } from './s3-situation.ts'

/** S3 takes at most this many keys in one DeleteObjects. */
const deleteBatch = 1000
const bodyAttempts = 3

/** @param told for the texts of errors: see `fixAlone` */
export function s3Store(s3: S3Client, bucket: string, told: Parameters<typeof fixAlone>[2] = {}): ObjectStore {
  const call = async <T>(action: S3Action, key: string, run: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      if (error instanceof AppError || signal?.aborted) throw error
      if (isChecksumMismatch(error)) {
        const message = `The object ${key} in bucket ${bucket} arrived with other bytes than were stored: its checksum differs.`
        throw new AppError('integrity', message, {
          cause: error,
          fix: 'Try it once more. If it stays so, the object is damaged in the bucket, or a proxy on the way changes it; a bucket with versioning may still hold an earlier version of it.',
        })
      }
      const fault = faultOf(error)
      if (fault.code === 'NoSuchKey' || (action === 's3:GetObject' && fault.code === 'NotFound')) {
        throw new AppError('not-found', `The object ${key} is not in bucket ${bucket}.`, { cause: error })
      }
      const diagnosis = diagnoseS3(fault, action, { bucket, callerArn: undefined })
      const { title, detail, cause } = diagnosis
      throw new AppError(fault.kind === 'refused' ? 'denied' : fault.kind, `${title}. ${detail} ${cause}`, {
        cause: error,
        fix: fixAlone(diagnosis, action, told),
      })
    }
  }

  /** After a refused write: either somebody else's object, or our own whose answer was lost. The checksum tells. */
  async function isThere(key: string, body: Uint8Array, checksum: string) {
    const object = { Bucket: bucket, Key: key }
    const there = await s3.send(new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' }))
    const etag = there.ETag
    if (there.ChecksumSHA256 !== undefined) return { same: there.ChecksumSHA256 === checksum, etag }
    // Not every store keeps checksums.
    if (there.ContentLength !== body.length) return { same: false, etag }
    const { Body } = await s3.send(new GetObjectCommand(object))
    const bytes = await readBody(Body, {
      ...{ announced: body.length, maxBytes: body.length },
      name: `The object ${key} in bucket ${bucket}`,
    })
    return { same: sha256(bytes) === checksum, etag }
  }

  /** What S3 calls each object that was read, so that just that one can be replaced. */
  const tags = new WeakMap<Uint8Array, string>()

  return {
    create: (key, body, { sha256: known, signal } = {}) =>
      call(
        's3:PutObject',
        key,
        async () => {
          const checksum = known === undefined ? sha256(body) : Buffer.from(known, 'hex').toString('base64')
          const command = new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ChecksumSHA256: checksum,
            IfNoneMatch: '*',
          })
          signWith(command, checksum)
          const put = () => s3.send(command, until(signal))
          try {
            // A conflict says only that another request on this key is under way: the second try meets its outcome.
            await put().catch((error: unknown) => {
              if (faultOf(error).code !== 'ConditionalRequestConflict') throw error
              return put()
            })
          } catch (error) {
            signal?.throwIfAborted()
            if (faultOf(error).code !== 'PreconditionFailed') throw error
            if (!(await isThere(key, body, checksum)).same)
              throw new AppError(
                'conflict',
                `The object ${key} in bucket ${bucket} exists already with other content.`,
                { cause: error },
              )
          }
        },
        signal,
      ),

    replace: (key, body, over) =>
      call('s3:PutObject', key, async () => {
        const checksum = sha256(body)
        const put = { Bucket: bucket, Key: key, Body: body, ChecksumSHA256: checksum }
        const tag = over && tags.get(over)
        try {
          await s3.send(new PutObjectCommand({ ...put, ...(tag !== undefined && { IfMatch: tag }) }))
        } catch (error) {
          const { code } = faultOf(error)
          // A store without conditional replacing gets an unconditional one.
          if (tag !== undefined && code === 'NotImplemented') await s3.send(new PutObjectCommand(put))
          else if (code !== 'PreconditionFailed' && code !== 'ConditionalRequestConflict') throw error
          else {
            const { same, etag } = await isThere(key, body, checksum)
            if (same) return
            // Another request was under way, and has replaced nothing: it may be tried again.
            if (code === 'ConditionalRequestConflict' && etag === tag) throw error
            throw new AppError('conflict', `The object ${key} in bucket ${bucket} is another one by now.`, {
              cause: error,
            })
          }
        }
      }),

    read: (key, maxBytes, { unchecked = false, into, signal } = {}) => {
      const read = async () => {
        for (let attempt = 1; ; attempt += 1) {
          const command = new GetObjectCommand({
            Bucket: bucket,
            Key: key,
            ...(!unchecked && { ChecksumMode: 'ENABLED' }),
          })
          const { Body, ContentLength, ETag } = await s3.send(command, until(signal))
          try {
            // Unless told not to, the SDK verifies the stored checksum as it is read.
            const bytes = await readBody(Body, {
              ...{ announced: ContentLength, maxBytes, into },
              name: `The object ${key} in bucket ${bucket}`,
            })
            if (ETag !== undefined) tags.set(bytes, ETag)
            return bytes
          } catch (error) {
            // The SDK tries a request again, but not a body that was cut off or damaged on its way.
            if (attempt === bodyAttempts || (error instanceof AppError && !error.retryable)) throw error
          }
        }
      }
      return call('s3:GetObject', key, read, signal)
    },

    look: (key, { signal } = {}) =>
      call(
        's3:GetObject',
        key,
        async () => {
          const head = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' })
          const { ContentLength = 0, ChecksumSHA256 } = await s3.send(head, until(signal))
          const sha256 = ChecksumSHA256 && Buffer.from(ChecksumSHA256, 'base64').toString('hex')
          return { size: ContentLength, sha256: sha256 || undefined }
        },
        signal,
      ).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'not-found') return undefined
        throw error
      }),

    delete: async (keys) => {
      for (let start = 0; start < keys.length; start += deleteBatch) {
        const batch = keys.slice(start, start + deleteBatch)
        await call('s3:DeleteObject', batch[0] ?? '', async () => {
          const command = new DeleteObjectsCommand({
            Bucket: bucket,
            Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true },
          })
          withMd5(command)
          const { Errors } = await s3.send(command)
          const [first] = Errors ?? []
          if (first)
            throw Object.assign(new Error(first.Message), { name: first.Code, $metadata: { httpStatusCode: 403 } })
        })
      }
    },

    async *list(prefix, { signal } = {}) {
      const pages = listPages({ Bucket: bucket, Prefix: prefix }, (page) =>
        call('s3:ListBucket', prefix, () => s3.send(page, until(signal)), signal),
      )
      for await (const { Contents = [] } of pages)
        for (const { Key, Size } of Contents) if (Key !== undefined) yield { key: Key, size: Size ?? 0 }
    },
  }
}

const until = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {})

/** The signature covers the body's SHA-256: the SDK would compute it once more. */
function signWith(command: PutObjectCommand, checksum: string): void {
  const sha256 = Buffer.from(checksum, 'base64').toString('hex')
  command.middlewareStack.add(
    (next) => (args) => {
      if (isHttpRequest(args.request)) args.request.headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'knownContentSha256' },
  )
}

/**
 * Many stores take a list to delete only with Content-MD5, which the SDK does not send any more (MissingContentMD5): AWS SDK
 * for JavaScript v3, "MD5 fallback". Beside the SDK's own checksum, AWS takes it as well.
 */
function withMd5(command: DeleteObjectsCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { request } = args
      if (isHttpRequest(request) && 'body' in request && typeof request.body === 'string')
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64')
      return next(args)
    },
    { step: 'build', name: 'contentMd5' },
  )
}

function isHttpRequest(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request
}

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64')
}
