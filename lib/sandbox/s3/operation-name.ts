import type { AwsRequest } from '../http/request.ts'

/** Query parameters that name another operation on a bucket, by method. */
const bucketOperations: Record<string, Record<string, string>> = {
  GET: {
    location: 'GetBucketLocation',
    versioning: 'GetBucketVersioning',
    versions: 'ListObjectVersions',
    uploads: 'ListMultipartUploads',
    policy: 'GetBucketPolicy',
    policyStatus: 'GetBucketPolicyStatus',
    publicAccessBlock: 'GetPublicAccessBlock',
    'object-lock': 'GetObjectLockConfiguration',
    encryption: 'GetBucketEncryption',
    lifecycle: 'GetBucketLifecycleConfiguration',
    tagging: 'GetBucketTagging',
    acl: 'GetBucketAcl',
    ownershipControls: 'GetBucketOwnershipControls',
  },
  PUT: {
    versioning: 'PutBucketVersioning',
    policy: 'PutBucketPolicy',
    publicAccessBlock: 'PutPublicAccessBlock',
    'object-lock': 'PutObjectLockConfiguration',
    encryption: 'PutBucketEncryption',
    lifecycle: 'PutBucketLifecycleConfiguration',
    tagging: 'PutBucketTagging',
  },
  DELETE: {
    policy: 'DeleteBucketPolicy',
    publicAccessBlock: 'DeletePublicAccessBlock',
    encryption: 'DeleteBucketEncryption',
    lifecycle: 'DeleteBucketLifecycle',
    tagging: 'DeleteBucketTagging',
  },
  POST: { delete: 'DeleteObjects' },
}

const objectOperations: Record<string, Record<string, string>> = {
  GET: {
    uploadId: 'ListParts',
    retention: 'GetObjectRetention',
    'legal-hold': 'GetObjectLegalHold',
    tagging: 'GetObjectTagging',
    attributes: 'GetObjectAttributes',
    acl: 'GetObjectAcl',
  },
  PUT: {
    uploadId: 'UploadPart',
    retention: 'PutObjectRetention',
    'legal-hold': 'PutObjectLegalHold',
    tagging: 'PutObjectTagging',
  },
  DELETE: { uploadId: 'AbortMultipartUpload', tagging: 'DeleteObjectTagging' },
  POST: { uploads: 'CreateMultipartUpload', uploadId: 'CompleteMultipartUpload' },
}

const plainBucket: Record<string, string> = { PUT: 'CreateBucket', HEAD: 'HeadBucket', DELETE: 'DeleteBucket' }
const plainObject: Record<string, string> = {
  GET: 'GetObject',
  HEAD: 'HeadObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
}

/** Query parameters of operations that there are not here; read as the plain operation they would do harm. */
const unsupported =
  /^(accelerate|acl|analytics|cors|intelligent-tiering|inventory|logging|metrics|notification|ownershipControls|replication|requestPayment|restore|select|torrent|website|renameObject)$/

/** The S3 API's name of what a request asks for; undefined when it is none. */
export function operationName(request: AwsRequest, bucket: string, key: string): string | undefined {
  const { method, query } = request
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : undefined
  const names = query.map(([name]) => name)
  const special = (key === '' ? bucketOperations : objectOperations)[method] ?? {}
  const found = names.flatMap((name) => special[name] ?? [])[0]
  const copies = request.headers['x-amz-copy-source'] !== undefined
  if (found === 'UploadPart' && copies) return 'UploadPartCopy'
  if (found) return found
  if (names.some((name) => unsupported.test(name))) return undefined
  if (key === '') {
    if (method !== 'GET') return plainBucket[method]
    return query.some(([name, value]) => name === 'list-type' && value === '2') ? 'ListObjectsV2' : 'ListObjects'
  }
  return method === 'PUT' && copies ? 'CopyObject' : plainObject[method]
}
