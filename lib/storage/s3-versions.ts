import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { faultOf } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import { diagnoseS3 } from './diagnose-s3.ts'
import { listPages } from './list-pages.ts'
import { readBody } from './read-body.ts'
import type { S3Action } from './s3-situation.ts'

/** One version of an object; in a bucket that never had versioning, the object itself, its ID being `null`. */
export interface ObjectVersion {
  readonly key: string
  readonly versionId: string
  /** What a reader gets who names no version; of a deleted object, its delete marker. */
  readonly current: boolean
  /** A delete marker: it has no content. */
  readonly marker: boolean
  readonly modified: Date
}

/**
 * All that a bucket keeps, and not only what a reader sees. Methods throw AppError as those of ObjectStore; refused ones
 * name the permission that is missing, and have the policies to add.
 */
export interface VersionedBucket {
  /**
   * Every version and delete marker below a prefix, newest first for each key.
   * @param removing they are to be deleted: where listing is refused, the policies to add allow that too
   */
  versions(prefix: string, removing?: boolean): AsyncIterable<ObjectVersion>
  /** The names of folders in a folder, each ending in `/`; where versions may be listed, also of those that hold only old ones. */
  folders(prefix: string): AsyncIterable<string>
  /** Throws `not-found` when there is no such version, `integrity` when it is longer than `maxBytes`. */
  read(version: Pick<ObjectVersion, 'key' | 'versionId'>, maxBytes: number): Promise<Uint8Array>
  /** For good. Idempotent: a missing version is no error. */
  delete(version: Pick<ObjectVersion, 'key' | 'versionId'>): Promise<void>
}

/** @param folder below which everything of this environment lies: what policies are limited to */
export function s3Versions(s3: S3Client, bucket: string, folder: string): VersionedBucket {
  async function call<T>(action: S3Action, key: string, run: () => Promise<T>, removing = false): Promise<T> {
    try {
      return await run()
    } catch (error) {
      if (error instanceof AppError) throw error
      const fault = faultOf(error)
      if (fault.code === 'NoSuchVersion' || fault.code === 'NoSuchKey')
        throw new AppError('not-found', `The object ${key} is not in bucket ${bucket}.`, { cause: error })
      const situation = { bucket, callerArn: undefined, folder, removing }
      const { title, detail, cause, fix, remedies } = diagnoseS3(fault, action, situation)
      throw new AppError(fault.kind === 'refused' ? 'denied' : fault.kind, `${title}. ${detail} ${cause}`, {
        cause: error,
        // Where policies to add would help; against a Deny, a lock or an outage they do not.
        fix: remedies ? `Allow ${action} to this console’s credentials in that bucket.` : fix,
        remedies,
      })
    }
  }

  async function* pages(
    prefix: string,
    { delimiter, removing = false }: { delimiter?: string; removing?: boolean } = {},
  ): AsyncGenerator<ListObjectVersionsCommandOutput> {
    let after: { KeyMarker?: string; VersionIdMarker?: string } = {}
    for (;;) {
      const wanted = { Bucket: bucket, Prefix: prefix, Delimiter: delimiter, ...after }
      const list = () => s3.send(new ListObjectVersionsCommand(wanted))
      const page = await call('s3:ListBucketVersions', prefix, list, removing)
      yield page
      if (!page.IsTruncated) return
      const { NextKeyMarker, NextVersionIdMarker } = page
      if (!NextKeyMarker || (NextKeyMarker === after.KeyMarker && NextVersionIdMarker === after.VersionIdMarker))
        throw new AppError('integrity', `Bucket ${bucket} did not say where its list goes on.`)
      after = { KeyMarker: NextKeyMarker, ...(NextVersionIdMarker && { VersionIdMarker: NextVersionIdMarker }) }
    }
  }

  return {
    async *versions(prefix, removing = false) {
      for await (const { Versions = [], DeleteMarkers = [] } of pages(prefix, { removing })) {
        yield* Versions.map((version) => ({ ...seen(version), marker: false }))
        yield* DeleteMarkers.map((version) => ({ ...seen(version), marker: true }))
      }
    },

    async *folders(prefix) {
      const given = new Set<string>()
      const add = function* (found: readonly { Prefix?: string }[] = []) {
        for (const { Prefix } of found) if (Prefix && !given.has(Prefix)) yield given.add(Prefix) && Prefix
      }
      try {
        for await (const { CommonPrefixes } of pages(prefix, { delimiter: '/' })) yield* add(CommonPrefixes)
      } catch (error) {
        if (!(error instanceof AppError) || error.retryable || error.code === 'not-found') throw error
        // Whoever may not list versions, or where there are none, still sees what is there now.
        const wanted = { Bucket: bucket, Prefix: prefix, Delimiter: '/' }
        const now = listPages(wanted, (page) => call('s3:ListBucket', prefix, () => s3.send(page)))
        for await (const { CommonPrefixes } of now) yield* add(CommonPrefixes)
      }
    },

    read: ({ key, versionId }, maxBytes) =>
      call('s3:GetObjectVersion', key, async () => {
        const wanted = { Bucket: bucket, Key: key, VersionId: versionId }
        const { Body, ContentLength: announced } = await s3.send(new GetObjectCommand(wanted))
        return readBody(Body, { announced, maxBytes, name: `Version ${versionId} of ${key} in bucket ${bucket}` })
      }),

    delete: ({ key, versionId }) =>
      call('s3:DeleteObjectVersion', key, async () => {
        const wanted = { Bucket: bucket, Key: key, VersionId: versionId }
        await s3.send(new DeleteObjectCommand(wanted)).catch((error: unknown) => {
          const { code, httpStatus } = faultOf(error)
          if (code === 'NoSuchVersion') return
          // Without versioning the plain call does the same, and may be all that is allowed. Whoever lists again sees.
          if (versionId !== 'null' || httpStatus !== 403) throw error
          return s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })).catch(() => {
            throw error
          })
        })
      }),
  }
}

function seen(version: { Key?: string; VersionId?: string; IsLatest?: boolean; LastModified?: Date }) {
  return {
    key: version.Key ?? '',
    versionId: version.VersionId ?? 'null',
    current: version.IsLatest ?? false,
    modified: version.LastModified ?? new Date(0),
  }
}
