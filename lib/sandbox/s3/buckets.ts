import { AwsError } from '../aws-error.ts'
import type { Answer } from '../http/answer.ts'
import { childText, readXml } from '../http/xml-read.ts'
import { authorize } from './authorize.ts'
import { malformedXml } from './errors.ts'
import { owner } from './list-objects.ts'
import { empty, headerOf, isoTime, queryOf, type S3Call, type S3Handler, xml } from './s3-call.ts'
import { readSettingsBody } from './settings-body.ts'

export function listBuckets(call: S3Call): Answer {
  authorize(call, 's3:ListAllMyBuckets', undefined)
  const prefix = queryOf(call, 'prefix') ?? ''
  const region = queryOf(call, 'bucket-region')
  const buckets = call.world.buckets.all().filter(({ settings }) => {
    if (settings.owner !== call.caller.account || !settings.name.startsWith(prefix)) return false
    return region === undefined || region === settings.region
  })
  return xml('ListAllMyBucketsResult', {
    Owner: owner(call.caller.account),
    Buckets: {
      Bucket: buckets.map(({ settings, arn }) => ({
        Name: settings.name,
        CreationDate: isoTime(settings.created),
        BucketRegion: settings.region,
        BucketArn: arn,
      })),
    },
  })
}

function checkName(name: string): void {
  const legal =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  if (legal && !name.startsWith('xn--') && !name.endsWith('-s3alias')) return
  throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', 400, { details: { BucketName: name } })
}

function checkRegion(call: S3Call, constraint: string | undefined): string {
  const region = constraint === 'EU' ? 'eu-west-1' : (constraint ?? 'us-east-1')
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    throw new AwsError('InvalidLocationConstraint', 'The specified location-constraint is not valid', 400, {
      details: { LocationConstraint: region },
    })
  }
  // The endpoint of us-east-1 makes buckets anywhere; another one only its own.
  if (call.region === 'us-east-1' || region === call.region) return region
  throw new AwsError(
    'IllegalLocationConstraintException',
    `The ${constraint === undefined ? 'unspecified' : constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

/** What S3 gives every new bucket since April 2023. */
export const closedToThePublic = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}

export async function createBucket(call: S3Call): Promise<Answer> {
  const { world, caller, bucketName } = call
  checkName(bucketName)
  const text = await readSettingsBody(call)
  const root = text.trim() === '' ? undefined : readXml(text)
  if (text.trim() !== '' && root?.name !== 'CreateBucketConfiguration') throw malformedXml()
  const region = checkRegion(call, childText(root, 'LocationConstraint') || undefined)
  authorize(call, 's3:CreateBucket', undefined)
  if (world.buckets.hidden === bucketName) {
    // What S3 answers for a while after a bucket of that name was deleted.
    throw new AwsError(
      'OperationAborted',
      'A conflicting conditional operation is currently in progress against this resource. Please try again.',
      409,
    )
  }
  const known = world.buckets.get(bucketName)
  if (known && known.settings.owner !== caller.account) {
    throw new AwsError(
      'BucketAlreadyExists',
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
      409,
      { details: { BucketName: bucketName } },
    )
  }
  if (known && (known.settings.region !== 'us-east-1' || region !== 'us-east-1')) {
    throw new AwsError(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      409,
      { details: { BucketName: bucketName } },
    )
  }
  if (!known) {
    const locked = headerOf(call, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true'
    world.buckets.create({
      name: bucketName,
      region,
      owner: caller.account,
      created: world.clock.now(),
      publicAccessBlock: { ...closedToThePublic },
      ...(locked && { versioning: 'Enabled', objectLock: {} }),
    })
  }
  return empty(200, { location: `/${bucketName}`, 'x-amz-bucket-arn': `arn:aws:s3:::${bucketName}` })
}

/** The Region header is added to every answer about a bucket. */
export const headBucket: S3Handler = (call) => {
  return empty(200, { 'x-amz-access-point-alias': 'false', 'x-amz-bucket-arn': call.bucket.arn })
}

export const deleteBucket: S3Handler = async (call) => {
  if (call.bucket.index.keys.length > 0) {
    throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409, {
      details: { BucketName: call.bucketName },
    })
  }
  await call.world.buckets.delete(call.bucket)
  return empty(204)
}

export const getBucketLocation: S3Handler = (call) => {
  const { region } = call.bucket.settings
  // us-east-1 is named by an empty answer.
  const answer = xml('LocationConstraint', {})
  if (region === 'us-east-1') return answer
  return { ...answer, body: String(answer.body).replace('></LocationConstraint>', `>${region}</LocationConstraint>`) }
}
