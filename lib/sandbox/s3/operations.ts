import { deleteBucket, getBucketLocation, headBucket } from './buckets.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { getObject, headObject } from './get-object.ts'
import { listObjects, listObjectsV2 } from './list-objects.ts'
import { putObject } from './put-object.ts'
import type { S3Handler } from './s3-call.ts'

export interface S3Operation {
  /** The IAM action; `[plain, of a version]` where a version ID asks for another one; none when the handler asks itself. */
  action: string | [string, string] | undefined
  on: 'bucket' | 'object'
  handler: S3Handler
}

/** Every operation on a bucket or an object that there is here. */
export const s3Operations: Readonly<Record<string, S3Operation>> = {
  DeleteBucket: { action: 's3:DeleteBucket', on: 'bucket', handler: deleteBucket },
  DeleteObject: { action: ['s3:DeleteObject', 's3:DeleteObjectVersion'], on: 'object', handler: deleteObject },
  DeleteObjects: { action: undefined, on: 'bucket', handler: deleteObjects },
  GetBucketLocation: { action: 's3:GetBucketLocation', on: 'bucket', handler: getBucketLocation },
  GetObject: { action: ['s3:GetObject', 's3:GetObjectVersion'], on: 'object', handler: getObject },
  HeadBucket: { action: 's3:ListBucket', on: 'bucket', handler: headBucket },
  HeadObject: { action: ['s3:GetObject', 's3:GetObjectVersion'], on: 'object', handler: headObject },
  ListObjects: { action: 's3:ListBucket', on: 'bucket', handler: listObjects },
  ListObjectsV2: { action: 's3:ListBucket', on: 'bucket', handler: listObjectsV2 },
  PutObject: { action: 's3:PutObject', on: 'object', handler: putObject },
}
