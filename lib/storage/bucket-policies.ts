import { principalElement } from '#lib/aws/denial.ts'
import { bucketPolicyRemedy } from '#lib/aws/fixes/bucket-policy.ts'
import { iamPolicyRemedy } from '#lib/aws/fixes/iam-policy.ts'
import { plainName, policyOf, type Statement } from '#lib/aws/fixes/policy.ts'
import type { Remedy } from '#lib/aws/schema.ts'

export interface BucketPlace {
  readonly bucket: string
  /** Below which everything of this environment lies, without a `/` at the end; empty where that is not known. */
  readonly folder: string
  readonly partition: string
}

/**
 * Least privilege: objects of this environment only. Listing is allowed for the whole bucket, because without it S3
 * answers 403 instead of 404 for an object that is not there (Amazon S3 API reference, GetObject).
 * @param principal in a bucket policy; an IAM policy names none
 */
export function bucketStatements({ bucket, folder, partition }: BucketPlace, principal?: string): Statement[] {
  // A bucket's ARN has no account and no Region, but its partition is the caller's.
  const arn = `arn:${partition}:s3:::${bucket}`
  const own = plainName(folder.split('/').at(-1) ?? '').slice(0, 8)
  const common = { Effect: 'Allow' as const, ...(principal && { Principal: { AWS: principalElement(principal) } }) }
  return [
    {
      Sid: `VaultConsoleObjects${own}`,
      ...common,
      Action: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject'],
      Resource: `${objectsOf(arn, folder)}*`,
    },
    { Sid: `VaultConsoleList${own}`, ...common, Action: 's3:ListBucket', Resource: arn },
  ]
}

/**
 * What looking at old versions takes, beside the above, and with `remove` deleting them: of envelopes alone, so that no
 * version of backed up data can be deleted with it. Versions are listed for the whole bucket, as objects are.
 */
export function versionStatements(
  { bucket, folder, partition }: BucketPlace,
  remove: boolean,
  principal?: string,
): Statement[] {
  const arn = `arn:${partition}:s3:::${bucket}`
  const own = plainName(folder.split('/').at(-1) ?? '').slice(0, 8)
  const common = { Effect: 'Allow' as const, ...(principal && { Principal: { AWS: principalElement(principal) } }) }
  return [
    {
      Sid: `VaultConsoleVersions${own}`,
      ...common,
      Action: ['s3:GetObjectVersion', ...(remove ? ['s3:DeleteObjectVersion'] : [])],
      Resource: `${objectsOf(arn, folder)}*/envelope.json`,
    },
    { Sid: `VaultConsoleListVersions${own}`, ...common, Action: 's3:ListBucketVersions', Resource: arn },
  ]
}

/**
 * What objects' ARNs begin with in a policy. A prefix may hold what means more there than itself: `*` and `?` stand for
 * other text, and `${` begins a variable (IAM user guide, "IAM policy elements: Variables and tags").
 */
function objectsOf(bucketArn: string, folder: string): string {
  const literal = folder.replace(/[*?$]/g, (character) => `\${${character}}`)
  return `${bucketArn}/${literal}${folder ? '/' : ''}`
}

/** What somebody wants to do in a bucket. */
export type BucketUse = 'objects' | 'read versions' | 'delete versions'

/** A policy of another name for each use: the same name replaces. */
export function iamPolicyForBucket(principal: string | undefined, place: BucketPlace, use: BucketUse): Remedy {
  const name = `VaultConsole${use === 'objects' ? 'Bucket' : 'Versions'}${plainName(place.bucket).slice(-20)}`
  return withAlias(place, iamPolicyRemedy(principal, name, policyOf(...statementsFor(place, use))))
}

export function bucketPolicyFor(principal: string, place: BucketPlace, use: BucketUse): Remedy {
  return withAlias(place, bucketPolicyRemedy(place.bucket, statementsFor(place, use, principal)))
}

/** Requests take the alias of an access point for a bucket, policies do not (Amazon S3 user guide, "Access point aliases"). */
function withAlias({ bucket, partition }: BucketPlace, remedy: Remedy): Remedy {
  if (!bucket.endsWith('-s3alias')) return remedy
  const arn = `arn:${partition}:s3:REGION:ACCOUNT:accesspoint/NAME`
  const note = `${remedy.note} ${bucket} is the alias of an access point, which no policy takes: write ${arn} in place of arn:${partition}:s3:::${bucket}, and ${arn}/object/ before what objects are called; the bucket itself must allow the same.`
  return { ...remedy, note }
}

function statementsFor(place: BucketPlace, use: BucketUse, principal?: string): Statement[] {
  return use === 'objects'
    ? bucketStatements(place, principal)
    : versionStatements(place, use === 'delete versions', principal)
}
