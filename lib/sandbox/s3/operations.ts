import {
  deleteBucketTags,
  deleteEncryption,
  deleteLifecycle,
  deletePolicy,
  deletePublicAccessBlock,
  getAcl,
  getBucketTags,
  getEncryption,
  getLifecycle,
  getObjectLock,
  getOwnership,
  getPolicy,
  getPolicyStatus,
  getPublicAccessBlock,
  getVersioning,
  putBucketTags,
  putEncryption,
  putLifecycle,
  putObjectLock,
  putPolicy,
  putPublicAccessBlock,
  putVersioning,
} from './bucket-settings.ts'
import { deleteBucket, getBucketLocation, headBucket } from './buckets.ts'
import { copyObject, uploadPartCopy } from './copy-object.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { getObject, headObject } from './get-object.ts'
import { listObjects, listObjectsV2 } from './list-objects.ts'
import { listObjectVersions } from './list-versions.ts'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listPartsOfUpload,
  uploadPart,
} from './multipart.ts'
import {
  deleteObjectTags,
  getAttributes,
  getLegalHold,
  getObjectTags,
  getRetention,
  putLegalHold,
  putObjectTags,
  putRetention,
} from './object-settings.ts'
import { putObject } from './put-object.ts'
import type { S3Handler } from './s3-call.ts'

interface S3Operation {
  /** The IAM action; `[plain, of a version]` where a version ID asks for another one; none when the handler asks itself. */
  action: string | [string, string] | undefined
  on: 'bucket' | 'object'
  handler: S3Handler
}

const bucket = (action: string | undefined, handler: S3Handler): S3Operation => ({
  action: action && `s3:${action}`,
  on: 'bucket',
  handler,
})
const object = (action: string, handler: S3Handler, ofVersion = action): S3Operation => ({
  action: [`s3:${action}`, `s3:${ofVersion}`],
  on: 'object',
  handler,
})

/** Every operation on a bucket or an object that there is here. */
export const s3Operations: Readonly<Record<string, S3Operation>> = {
  DeleteBucket: bucket('DeleteBucket', deleteBucket),
  DeleteBucketEncryption: bucket('PutEncryptionConfiguration', deleteEncryption),
  DeleteBucketLifecycle: bucket('PutLifecycleConfiguration', deleteLifecycle),
  DeleteBucketPolicy: bucket('DeleteBucketPolicy', deletePolicy),
  DeleteBucketTagging: bucket('PutBucketTagging', deleteBucketTags),
  DeleteObjects: bucket(undefined, deleteObjects),
  DeletePublicAccessBlock: bucket('PutBucketPublicAccessBlock', deletePublicAccessBlock),
  GetBucketAcl: bucket('GetBucketAcl', getAcl),
  GetBucketEncryption: bucket('GetEncryptionConfiguration', getEncryption),
  GetBucketLifecycleConfiguration: bucket('GetLifecycleConfiguration', getLifecycle),
  GetBucketLocation: bucket('GetBucketLocation', getBucketLocation),
  GetBucketOwnershipControls: bucket('GetBucketOwnershipControls', getOwnership),
  GetBucketPolicy: bucket('GetBucketPolicy', getPolicy),
  GetBucketPolicyStatus: bucket('GetBucketPolicyStatus', getPolicyStatus),
  GetBucketTagging: bucket('GetBucketTagging', getBucketTags),
  GetBucketVersioning: bucket('GetBucketVersioning', getVersioning),
  GetObjectLockConfiguration: bucket('GetBucketObjectLockConfiguration', getObjectLock),
  GetPublicAccessBlock: bucket('GetBucketPublicAccessBlock', getPublicAccessBlock),
  HeadBucket: bucket('ListBucket', headBucket),
  ListMultipartUploads: bucket('ListBucketMultipartUploads', listMultipartUploads),
  ListObjects: bucket('ListBucket', listObjects),
  ListObjectsV2: bucket('ListBucket', listObjectsV2),
  ListObjectVersions: bucket('ListBucketVersions', listObjectVersions),
  PutBucketEncryption: bucket('PutEncryptionConfiguration', putEncryption),
  PutBucketLifecycleConfiguration: bucket('PutLifecycleConfiguration', putLifecycle),
  PutBucketPolicy: bucket('PutBucketPolicy', putPolicy),
  PutBucketTagging: bucket('PutBucketTagging', putBucketTags),
  PutBucketVersioning: bucket('PutBucketVersioning', putVersioning),
  PutObjectLockConfiguration: bucket('PutBucketObjectLockConfiguration', putObjectLock),
  PutPublicAccessBlock: bucket('PutBucketPublicAccessBlock', putPublicAccessBlock),

  AbortMultipartUpload: object('AbortMultipartUpload', abortMultipartUpload),
  CompleteMultipartUpload: object('PutObject', completeMultipartUpload),
  CopyObject: object('PutObject', copyObject),
  CreateMultipartUpload: object('PutObject', createMultipartUpload),
  DeleteObject: object('DeleteObject', deleteObject, 'DeleteObjectVersion'),
  DeleteObjectTagging: object('DeleteObjectTagging', deleteObjectTags, 'DeleteObjectVersionTagging'),
  GetObject: object('GetObject', getObject, 'GetObjectVersion'),
  GetObjectAcl: object('GetObjectAcl', getAcl, 'GetObjectVersionAcl'),
  GetObjectAttributes: object('GetObjectAttributes', getAttributes, 'GetObjectVersionAttributes'),
  GetObjectLegalHold: object('GetObjectLegalHold', getLegalHold),
  GetObjectRetention: object('GetObjectRetention', getRetention),
  GetObjectTagging: object('GetObjectTagging', getObjectTags, 'GetObjectVersionTagging'),
  HeadObject: object('GetObject', headObject, 'GetObjectVersion'),
  ListParts: object('ListMultipartUploadParts', listPartsOfUpload),
  PutObject: object('PutObject', putObject),
  PutObjectLegalHold: object('PutObjectLegalHold', putLegalHold),
  PutObjectRetention: object('PutObjectRetention', putRetention),
  PutObjectTagging: object('PutObjectTagging', putObjectTags, 'PutObjectVersionTagging'),
  UploadPart: object('PutObject', uploadPart),
  UploadPartCopy: object('PutObject', uploadPartCopy),
}
