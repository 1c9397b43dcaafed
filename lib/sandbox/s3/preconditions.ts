import { AwsError } from '../aws-error.ts'
import { noSuchKey, notImplemented, preconditionFailed } from './errors.ts'
import type { ObjectVersion } from './object-version.ts'
import { headerOf, type S3Call } from './s3-call.ts'

const etags = (text: string) => text.split(',').map((etag) => etag.trim().replace(/^(W\/)?"?|"?$/g, ''))
const names = (text: string, version: ObjectVersion) => text.trim() === '*' || etags(text).includes(version.etag)
const second = (milliseconds: number) => Math.floor(milliseconds / 1000)

/** Conditions of a write, against the newest version. Call it again when the object is about to appear. */
export function checkWriteConditions(call: S3Call, current: ObjectVersion | undefined): void {
  const ifMatch = headerOf(call, 'if-match')
  const ifNoneMatch = headerOf(call, 'if-none-match')
  if (ifNoneMatch !== undefined && (ifMatch !== undefined || ifNoneMatch !== '*')) throw notImplemented('If-None-Match')
  const there = current && !current.deleteMarker ? current : undefined
  if (ifNoneMatch !== undefined && there) throw preconditionFailed('If-None-Match')
  if (ifMatch === undefined) return
  if (!there) throw noSuchKey(call.key)
  if (!names(ifMatch, there)) throw preconditionFailed('If-Match')
}

/** Thrown for a GET or HEAD whose reader has it already. */
class NotModified extends AwsError {
  constructor(version: ObjectVersion) {
    super('NotModified', 'Not Modified', 304, {
      headers: { etag: `"${version.etag}"`, 'last-modified': new Date(version.modified).toUTCString() },
    })
  }
}

/** @param prefix `x-amz-copy-source-` for the source of a copy */
export function checkReadConditions(call: S3Call, version: ObjectVersion, prefix = ''): void {
  const ifMatch = headerOf(call, `${prefix}if-match`)
  const ifNoneMatch = headerOf(call, `${prefix}if-none-match`)
  const since = Date.parse(headerOf(call, `${prefix}if-modified-since`) ?? '')
  const until = Date.parse(headerOf(call, `${prefix}if-unmodified-since`) ?? '')
  if (ifMatch !== undefined) {
    if (!names(ifMatch, version)) throw preconditionFailed('If-Match')
  } else if (second(version.modified) > second(until)) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const unchanged = ifNoneMatch !== undefined ? names(ifNoneMatch, version) : second(version.modified) <= second(since)
  if (!unchanged) return
  throw prefix === ''
    ? new NotModified(version)
    : preconditionFailed(ifNoneMatch === undefined ? 'If-Modified-Since' : 'If-None-Match')
}
