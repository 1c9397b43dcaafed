import type { Answer } from '../http/answer.ts'
import type { Caller } from '../http/authenticate.ts'
import { type AwsRequest, header, queryValue } from '../http/request.ts'
import { type Xml, xmlDocument } from '../http/xml-write.ts'
import type { Principal } from '../iam/principal.ts'
import type { World } from '../world.ts'
import type { Bucket } from './bucket-store.ts'

/** One S3 call by a caller whose signature is good. */
export interface S3Call {
  world: World
  request: AwsRequest
  requestId: string
  operation: string
  caller: Principal
  /** Of the endpoint that the caller addressed. */
  region: string
  signature: Caller['signature']
  bucketName: string
  key: string
}

/** A call whose bucket exists, is in this Region and has the owner that the caller expects. */
export interface BucketCall extends S3Call {
  bucket: Bucket
}

export type S3Handler = (call: BucketCall) => Answer | Promise<Answer>

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

export function headerOf(call: S3Call, name: string): string | undefined {
  return header(call.request, name)
}

export function queryOf(call: S3Call, name: string): string | undefined {
  return queryValue(call.request, name)
}

export function empty(status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: undefined }
}

export function xml(root: string, value: { [name: string]: Xml }, headers: Record<string, string> = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: xmlDocument(root, namespace, value),
  }
}

/** `2026-11-05T10:11:12.000Z` */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
