import { randomBytes } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import { type Exchange, sufferFaults } from '../exchange.ts'
import type { Answer } from '../http/answer.ts'
import { authenticate } from '../http/authenticate.ts'
import { header, queryValue } from '../http/request.ts'
import { xmlDocument } from '../http/xml-write.ts'
import type { World } from '../world.ts'
import { readAddress } from './address.ts'
import { authorize } from './authorize.ts'
import type { Bucket } from './bucket-store.ts'
import { createBucket, listBuckets } from './buckets.ts'
import { accessDenied, noSuchBucket } from './errors.ts'
import { operationName } from './operation-name.ts'
import { s3Operations } from './operations.ts'
import type { S3Call } from './s3-call.ts'

const payloadModes = [
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]

function payloadHash(exchange: Exchange): string {
  const { request } = exchange
  const mode = header(request, 'x-amz-content-sha256')
  if (mode === undefined) {
    if (header(request, 'authorization') === undefined) return 'UNSIGNED-PAYLOAD'
    throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  }
  if (payloadModes.includes(mode) || /^[0-9a-f]{64}$/i.test(mode)) return mode
  throw new AwsError(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
  )
}

/** S3 speaks REST: the operation is in the method, the address and the query. */
export async function handleS3(exchange: Exchange, world: World): Promise<Answer> {
  const { request } = exchange
  const address = readAddress(request)
  exchange.bucket = address.bucket || undefined
  const operation = operationName(request, address.bucket, address.key)
  exchange.operation = operation ?? 'Unknown'
  const caller = authenticate(request, 's3', payloadHash(exchange), world)
  await sufferFaults(exchange, caller.principal, world)
  const call: S3Call = {
    world,
    request,
    requestId: exchange.requestId,
    operation: exchange.operation,
    caller: caller.principal,
    region: caller.region,
    signature: caller.signature,
    bucketName: address.bucket,
    key: address.key,
  }
  if (operation === 'ListBuckets') return listBuckets(call)
  if (operation === 'CreateBucket') return createBucket(call)
  if (address.bucket === '') throw methodNotAllowed()
  const bucket = world.buckets.get(address.bucket)
  if (!bucket) throw noSuchBucket(address.bucket)
  const answer = await onBucket({ ...call, bucket }, address.region)
  return { ...answer, headers: { ...answer.headers, 'x-amz-bucket-region': bucket.settings.region } }
}

async function onBucket(call: S3Call & { bucket: Bucket }, hostRegion: string | undefined): Promise<Answer> {
  const { bucket, caller } = call
  checkRegion(call, bucket, hostRegion)
  checkOwner(call, bucket)
  const operation = s3Operations[call.operation]
  if (!operation) throw methodNotAllowed()
  const { action, on } = operation
  if (action !== undefined) {
    const version = queryValue(call.request, 'versionId') !== undefined
    const name = typeof action === 'string' ? action : action[version ? 1 : 0]
    authorize(call, name, bucket, on === 'object' ? call.key : undefined)
  } else if (caller.kind === 'anonymous') {
    throw accessDenied()
  }
  return await operation.handler(call)
}

/** One port serves every Region: the Region that a caller signs for is the endpoint it means. */
function checkRegion(call: S3Call, bucket: Bucket, hostRegion: string | undefined): void {
  const { region } = bucket.settings
  const headers = { 'x-amz-bucket-region': region }
  if (call.region === '' || call.region === region) return
  if (hostRegion === region) {
    throw new AwsError(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${call.region}' is wrong; expecting '${region}'`,
      400,
      { details: { Region: region }, headers },
    )
  }
  throw new AwsError(
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    301,
    { details: { Endpoint: `${bucket.name}.s3.${region}.amazonaws.com`, Bucket: bucket.name }, headers },
  )
}

function checkOwner(call: S3Call, bucket: Bucket): void {
  const expected = header(call.request, 'x-amz-expected-bucket-owner')
  if (expected === undefined) return
  if (!/^\d{12}$/.test(expected)) {
    throw new AwsError(
      'InvalidBucketOwnerAWSAccountID',
      `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
    )
  }
  if (expected !== bucket.settings.owner) throw accessDenied()
}

function methodNotAllowed(): AwsError {
  return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405)
}

export function s3Error(error: AwsError, exchange: Exchange, world: World): Answer {
  const bucket = exchange.bucket === undefined ? undefined : world.buckets.get(exchange.bucket)
  const headers: Record<string, string> = {
    ...(bucket && { 'x-amz-bucket-region': bucket.settings.region }),
    ...error.headers,
  }
  // HEAD and 304 have no body: only the status tells.
  if (exchange.request.method === 'HEAD' || error.status === 304)
    return { status: error.status, headers, body: undefined }
  headers['content-type'] = 'application/xml'
  return {
    status: error.status,
    headers,
    body: xmlDocument('Error', undefined, {
      Code: error.code,
      Message: error.message,
      ...error.details,
      RequestId: exchange.requestId,
      HostId: Buffer.from(exchange.requestId).toString('base64'),
    }),
  }
}

export function s3RequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase()
}
