import { randomBytes, randomUUID } from 'node:crypto'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { type AwsFault, faultOf, isChecksumMismatch } from '#lib/aws/fault.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { failed, type Outcome, runCheck, skipped } from '#lib/keys/run-check.ts'
import type { Check } from '#lib/keys/schema.ts'
import { diagnoseS3 } from './diagnose-s3.ts'
import { lookAtBucket } from './look-at-bucket.ts'
import type { S3Action } from './s3-situation.ts'

export interface BucketToCheck {
  readonly bucket: string
  readonly region: string
  /** `<prefix>/<environmentId>`: the probe is put below it, and a policy is limited to it. */
  readonly folder: string
  /** Who STS says is calling; only what has failed, and the owner, wait for it. */
  readonly caller: Promise<string | undefined>
}

/**
 * Writes, reads back, lists and deletes one small object, with the same conditions as a backup's, and looks at the
 * bucket's settings meanwhile. Never throws for what AWS answers.
 * @param tell hears of each check as soon as it is known
 */
export async function checkBucket(s3: S3Client, what: BucketToCheck, tell: (check: Check) => void): Promise<void> {
  const { bucket, region, folder, caller } = what
  const Bucket = bucket
  const Key = `${folder}/checks/${randomUUID()}`
  const probe = randomBytes(64)
  const explain = (action: S3Action) => async (fault: AwsFault) =>
    diagnoseS3(fault, action, { bucket, region, folder, callerArn: await caller })
  const put = () => new PutObjectCommand({ Bucket, Key, Body: probe, ChecksumAlgorithm: 'SHA256', IfNoneMatch: '*' })

  /** What is wrong with the bucket itself is told once, and not again by every call that meets it. */
  async function find(): Promise<'seen' | 'hidden' | 'gone'> {
    const { check, fault } = await runCheck(
      { id: 'bucket.found' },
      async (): Promise<Outcome> => {
        const { BucketRegion = region, $metadata } = await s3.send(new HeadBucketCommand({ Bucket }))
        return { requestId: $metadata.requestId, detail: `${bucket} in ${BucketRegion}.` }
      },
      (fault) => explain('s3:ListBucket')(ofHead(fault, region)),
    )
    if (!fault || (fault.httpStatus !== undefined && fault.httpStatus !== 403 && check.kind !== 'unreachable')) {
      tell(check)
      return check.status === 'passed' ? 'seen' : 'gone'
    }
    // S3 names the Region even to those whom it lets see nothing else.
    const there = fault.httpStatus === 403 ? fault.bucketRegion : undefined
    const detail = there ? `${bucket} in ${there}.` : 'Not looked at. The checks below show whether it can be used.'
    tell({
      ...skipped({ id: 'bucket.found' }, detail),
      ...(there && { status: 'passed' }),
      durationMs: check.durationMs,
    })
    return 'hidden'
  }
  const finding = find()

  async function owner(): Promise<void> {
    const [found, callerArn] = await Promise.all([finding, caller])
    const account = callerArn?.split(':')[4]
    if (found !== 'seen' || !account) {
      const needs = { seen: 'the caller’s account', hidden: 's3:ListBucket', gone: 'the bucket' }
      tell(skipped({ id: 'bucket.owner' }, `Needs ${needs[found]}.`))
      return
    }
    try {
      const { $metadata } = await s3.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner: account }))
      const detail = `Account ${account}, as that of the credentials.`
      tell({ ...skipped({ id: 'bucket.owner' }, detail), status: 'passed', awsRequestId: $metadata.requestId })
    } catch (error) {
      tell(ownerFault(faultOf(error), account))
    }
  }

  async function use(): Promise<void> {
    const written = await step('bucket.write', 's3:PutObject', write)
    const sameFault = written.status === 'failed' && written.kind !== 'refused' && (await finding) === 'gone'
    tell(sameFault ? skipped({ id: 'bucket.write' }, 'Needs the bucket.') : written)
    if (written.status !== 'passed') {
      for (const id of ['bucket.read', 'bucket.list', 'bucket.conditional', 'bucket.delete'] as const)
        tell(skipped({ id }, 'Needs the object that could not be written.'))
      return
    }
    await Promise.all([
      step('bucket.read', 's3:GetObject', read).then(tell),
      step('bucket.list', 's3:ListBucket', list).then(tell),
      step('bucket.conditional', 's3:PutObject', overwrite).then((check) =>
        tell(check.status === 'failed' && check.awsCode === undefined ? { ...check, ...ignoredCondition } : check),
      ),
    ])
    tell(
      await step('bucket.delete', 's3:DeleteObject', async () => {
        const { $metadata } = await s3.send(new DeleteObjectCommand({ Bucket, Key }))
        return { requestId: $metadata.requestId, detail: 'Nothing of the check is left in the bucket.' }
      }),
    )
  }

  /** Nobody else writes this name: if it is there already, the answer to an attempt of our own was lost. */
  async function write(): Promise<Outcome> {
    const answer = await s3.send(put()).catch((error: unknown) => {
      if (faultOf(error).code !== 'PreconditionFailed') throw error
    })
    return { requestId: answer?.$metadata.requestId, detail: `${bucket} took an object.` }
  }

  async function step(id: Check['id'], action: S3Action, run: () => Promise<Outcome>): Promise<Check> {
    const { check } = await runCheck({ id }, run, explain(action))
    return check
  }

  async function read(): Promise<Outcome> {
    const { Body, $metadata } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const bytes = await Body?.transformToByteArray().catch((error: unknown) => {
      throw isChecksumMismatch(error) ? new AppError('integrity', messageOf(error)) : error
    })
    if (!bytes || !probe.equals(bytes)) throw new AppError('integrity', 'Other bytes came back than were written.')
    return { requestId: $metadata.requestId, detail: 'The same bytes came back.' }
  }

  async function list(): Promise<Outcome> {
    const { Contents = [], $metadata } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: Key }))
    if (!Contents.some((one) => one.Key === Key))
      throw new AppError('integrity', 'An object that was just written is not in the list of objects.')
    return { requestId: $metadata.requestId, detail: 'The object is in the list.' }
  }

  /** The same bytes, so that reading at the same time is not disturbed by a store that takes them. */
  async function overwrite(): Promise<Outcome> {
    try {
      await s3.send(put())
    } catch (error) {
      const { code, requestId } = faultOf(error)
      if (code !== 'PreconditionFailed' && code !== 'ConditionalRequestConflict') throw error
      return { requestId, detail: 'A second write of the same name was refused.' }
    }
    throw new AppError('integrity', 'A write that must not replace anything replaced an object.')
  }

  await Promise.all([
    finding,
    owner(),
    use(),
    lookAtBucket(s3, bucket, folder, async (check) => {
      const gone = check.status === 'skipped' && (await finding) === 'gone'
      tell(gone ? skipped(check, 'Needs the bucket.') : check)
    }),
  ])
}

const ignoredCondition = {
  title: 'Conditional writes do not work here',
  cause: 'What answers here ignores If-None-Match, so two runs could overwrite each other’s backups.',
  who: 'settings',
  fix: 'Use an S3 bucket, or a store that implements conditional writes.',
} as const

/** An answer to HEAD has no body, and so no code: its status and the Region it names say the same. */
function ofHead(fault: AwsFault, region: string): AwsFault {
  const elsewhere = fault.bucketRegion !== undefined && fault.bucketRegion !== region
  if (elsewhere && (fault.httpStatus === 301 || fault.httpStatus === 400)) {
    return { ...fault, kind: 'invalid', code: 'PermanentRedirect' }
  }
  return fault
}

function ownerFault(fault: AwsFault, account: string): Check {
  const base = { id: 'bucket.owner' as const }
  if (fault.kind === 'unreachable') return skipped(base, 'Not looked at: AWS gave no usable answer for it.')
  if (fault.httpStatus !== 403) return skipped(base, `Not known: S3 answered ${fault.code}.`)
  return {
    ...failed(
      base,
      fault,
      {
        title: 'Owner',
        detail: `The bucket is not of account ${account}, which is that of the credentials.`,
        cause: 'Its owner decides who reads, replaces and deletes what is in it, and sees that backups are made.',
        who: 'settings',
        fix: 'Check that the bucket of this other account is the one you mean.',
      },
      0,
    ),
    status: 'warning',
  }
}
