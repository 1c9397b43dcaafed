import { encodePart } from '../http/sigv4.ts'
import type { Xml } from '../http/xml-write.ts'
import { invalidArgument } from './errors.ts'
import { compareKeys, lowerBound } from './key-order.ts'
import type { ObjectVersion } from './object-version.ts'
import { type BucketCall, isoTime, queryOf, type S3Handler, xml } from './s3-call.ts'

/** Sorts after every key that begins with the same text. */
const last = '\u{10ffff}\u{10ffff}'

/** Where a list goes on: after a key, or after everything under a common prefix. */
export interface Place {
  text: string
  isPrefix: boolean
}

export interface ListItem {
  /** A key to show, or a common prefix. */
  text: string
  isPrefix: boolean
}

/** Walks the keys in order, rolling up what lies below a delimiter. */
export function* walk(
  keys: readonly string[],
  options: { prefix: string; delimiter: string; after: Place | undefined; shows: (key: string) => boolean },
): Iterable<ListItem> {
  const { prefix, delimiter, after, shows } = options
  let at = lowerBound(keys, prefix)
  if (after) {
    const start = after.isPrefix ? lowerBound(keys, after.text + last) : lowerBound(keys, after.text)
    at = Math.max(at, start)
    if (!after.isPrefix && keys[at] === after.text) at += 1
  }
  for (let key = keys[at]; key?.startsWith(prefix); key = keys[at]) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (cut < 0) {
      at += 1
      if (shows(key)) yield { text: key, isPrefix: false }
      continue
    }
    const common = key.slice(0, cut + delimiter.length)
    const end = lowerBound(keys, common + last)
    // A prefix shows only when something below it does, and not again when the list started inside it.
    let visible = false
    for (; at < end && !visible; at += 1) visible = shows(keys[at] ?? '')
    at = end
    if (visible && !(after && compareKeys(common, after.text) <= 0)) yield { text: common, isPrefix: true }
  }
}

export function maxKeys(call: BucketCall, name = 'max-keys'): number {
  const text = queryOf(call, name)
  if (text === undefined || text === '') return 1000
  const number = Number(text)
  if (!/^-?\d+$/.test(text))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text)
  if (number < 0) throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, text)
  return Math.min(number, 1000)
}

/** `encoding-type=url` encodes keys and prefixes, but leaves slashes. */
export function keyEncoder(call: BucketCall): (key: string) => string {
  const type = queryOf(call, 'encoding-type')
  if (type === undefined || type === '') return (key) => key
  if (type !== 'url') throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', type)
  return (key) => key.split('/').map(encodePart).join('/')
}

export function listing(version: ObjectVersion): { [name: string]: Xml } {
  return {
    LastModified: isoTime(version.modified),
    ETag: `"${version.etag}"`,
    ChecksumAlgorithm: version.checksum?.algorithm,
    ChecksumType: version.checksum?.type,
    Size: version.size,
    StorageClass: version.storageClass,
  }
}

export const owner = (account: string): { [name: string]: Xml } => ({ ID: account.padEnd(64, '0') })

function readToken(text: string): Place {
  const [, kind, encoded] = /^([kp])([\w-]*)$/.exec(text) ?? []
  if (encoded === undefined) throw invalidArgument('The continuation token provided is incorrect', 'continuation-token')
  return { text: Buffer.from(encoded, 'base64url').toString('utf8'), isPrefix: kind === 'p' }
}

const writeToken = (item: ListItem) => `${item.isPrefix ? 'p' : 'k'}${Buffer.from(item.text).toString('base64url')}`

interface Page {
  items: ListItem[]
  next: ListItem | undefined
}

function takePage(items: Iterable<ListItem>, limit: number): Page {
  const page: ListItem[] = []
  if (limit === 0) return { items: page, next: undefined }
  for (const item of items) {
    if (page.length === limit) return { items: page, next: page.at(-1) }
    page.push(item)
  }
  return { items: page, next: undefined }
}

function contents(
  call: BucketCall,
  page: Page,
  encode: (key: string) => string,
  withOwner: boolean,
): { [name: string]: Xml } {
  const { bucket } = call
  return {
    Contents: page.items.flatMap((item) => {
      const version = item.isPrefix ? undefined : bucket.index.versions(item.text)[0]
      if (!version) return []
      return {
        Key: encode(item.text),
        ...listing(version),
        Owner: withOwner ? owner(bucket.settings.owner) : undefined,
      }
    }),
    CommonPrefixes: page.items.flatMap((item) => (item.isPrefix ? { Prefix: encode(item.text) } : [])),
  }
}

const shown = (call: BucketCall) => (key: string) => {
  const [newest] = call.bucket.index.versions(key)
  return newest !== undefined && !newest.deleteMarker
}

export const listObjectsV2: S3Handler = (call) => {
  const limit = maxKeys(call)
  const encode = keyEncoder(call)
  const prefix = queryOf(call, 'prefix') ?? ''
  const delimiter = queryOf(call, 'delimiter') ?? ''
  const startAfter = queryOf(call, 'start-after')
  const token = queryOf(call, 'continuation-token')
  const after = token ? readToken(token) : startAfter ? { text: startAfter, isPrefix: false } : undefined
  const page = takePage(walk(call.bucket.index.keys, { prefix, delimiter, after, shows: shown(call) }), limit)
  return xml('ListBucketResult', {
    Name: call.bucketName,
    Prefix: encode(prefix),
    Delimiter: delimiter ? encode(delimiter) : undefined,
    StartAfter: startAfter ? encode(startAfter) : undefined,
    ContinuationToken: token,
    NextContinuationToken: page.next && writeToken(page.next),
    KeyCount: page.items.length,
    MaxKeys: limit,
    EncodingType: queryOf(call, 'encoding-type') || undefined,
    IsTruncated: page.next !== undefined,
    ...contents(call, page, encode, queryOf(call, 'fetch-owner') === 'true'),
  })
}

/** The older form, which goes on by `marker`. */
export const listObjects: S3Handler = (call) => {
  const limit = maxKeys(call)
  const encode = keyEncoder(call)
  const prefix = queryOf(call, 'prefix') ?? ''
  const delimiter = queryOf(call, 'delimiter') ?? ''
  const marker = queryOf(call, 'marker') ?? ''
  const isPrefix = delimiter !== '' && marker.endsWith(delimiter)
  const after = marker ? { text: marker, isPrefix } : undefined
  const page = takePage(walk(call.bucket.index.keys, { prefix, delimiter, after, shows: shown(call) }), limit)
  return xml('ListBucketResult', {
    Name: call.bucketName,
    Prefix: encode(prefix),
    Marker: encode(marker),
    NextMarker: page.next && delimiter ? encode(page.next.text) : undefined,
    MaxKeys: limit,
    Delimiter: delimiter ? encode(delimiter) : undefined,
    EncodingType: queryOf(call, 'encoding-type') || undefined,
    IsTruncated: page.next !== undefined,
    ...contents(call, page, encode, true),
  })
}
