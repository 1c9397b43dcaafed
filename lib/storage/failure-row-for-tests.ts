import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import type { AwsFault } from '#lib/aws/fault.ts'
import { answered } from '#lib/aws/fault-for-tests.ts'
import type { Changer } from '#lib/aws/schema.ts'
import { diagnoseKms } from '#lib/keys/diagnose-kms.ts'
import { diagnoseSts } from '#lib/keys/diagnose-sts.ts'
import type { KmsAction } from '#lib/keys/kms-situation.ts'
import { diagnoseS3 } from './diagnose-s3.ts'
import type { S3Action } from './s3-situation.ts'

/** A failure of the key check: what AWS or the network says, who reads it, what it is called and who changes it. */
export type FailureRow = [
  name: string,
  error: Error,
  diagnose: (fault: AwsFault) => Diagnosis,
  title: string,
  who: Changer,
]

export const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
export const foreignKey = 'arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab'
export const user = 'arn:aws:iam::111122223333:user/backup'
const role = { arn: 'arn:aws:iam::444455556666:role/vault', externalId: '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11' }
const ids = { installation: 'installation-1', environment: 'environment-1' }

export const kms =
  (action: KmsAction = 'kms:Encrypt', keyArn = key) =>
  (fault: AwsFault) =>
    diagnoseKms(fault, action, { keyArn, region: 'us-east-1', callerArn: user, ...ids })
export const s3 =
  (action: S3Action = 's3:PutObject') =>
  (fault: AwsFault) =>
    diagnoseS3(fault, action, { bucket: 'my-bucket', region: 'us-east-1', folder: 'environment-1', callerArn: user })
export const sts = (fault: AwsFault) => diagnoseSts(fault, role)

export const said = (action: string, on: string, reason: string) =>
  `User: ${user} is not authorized to perform: ${action}${on && ` on resource: ${on}`} ${reason}`
export const kmsDenied = (reason: string, action = 'kms:Encrypt') =>
  answered(400, 'AccessDeniedException', said(action, key, reason))
export const s3Denied = (reason: string, action = 's3:PutObject') =>
  answered(403, 'AccessDenied', said(action, 'arn:aws:s3:::my-bucket/x', reason))
export const stsDenied = (reason: string) => answered(403, 'AccessDenied', said('sts:AssumeRole', role.arn, reason))
export const foreign =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
export const implicit = (type: string, action: string) => `because no ${type} allows the ${action} action`
