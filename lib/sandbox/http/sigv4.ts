import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type AwsRequest, decodePart, header, queryValue } from './request.ts'

/** What a request says about who signed it and over what. */
export interface SignatureClaim {
  accessKeyId: string
  /** `20261105` */
  date: string
  region: string
  service: string
  signedHeaders: string[]
  signature: string
  /** `20261105T101112Z` */
  time: string
  token: string | undefined
  /** Seconds a presigned address is good for. */
  expires: number | undefined
}

const scopePattern = /^([^/\s]+(?:\/[^/\s]+)*?)\/(\d{8})\/([^/]*)\/([^/]+)\/aws4_request$/

function claimFrom(
  credential: string | undefined,
  signedHeaders: string | undefined,
  signature: string | undefined,
  time: string | undefined,
): SignatureClaim | undefined {
  const scope = scopePattern.exec(credential ?? '')
  if (!scope || !signedHeaders || !signature || !time || !/^\d{8}T\d{6}Z$/.test(time)) return undefined
  const [, accessKeyId = '', date = '', region = '', service = ''] = scope
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders: signedHeaders.split(';'),
    signature,
    time,
    token: undefined,
    expires: undefined,
  }
}

/** `none` when it is not signed, `malformed` when it cannot be understood. */
export function readClaim(request: AwsRequest): SignatureClaim | 'none' | 'malformed' {
  if (queryValue(request, 'X-Amz-Algorithm') !== undefined) {
    if (queryValue(request, 'X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return 'malformed'
    const claim = claimFrom(
      queryValue(request, 'X-Amz-Credential'),
      queryValue(request, 'X-Amz-SignedHeaders'),
      queryValue(request, 'X-Amz-Signature'),
      queryValue(request, 'X-Amz-Date'),
    )
    const expires = Number(queryValue(request, 'X-Amz-Expires'))
    if (!claim || !Number.isInteger(expires) || expires < 1 || expires > 604_800) return 'malformed'
    return { ...claim, expires, token: queryValue(request, 'X-Amz-Security-Token') }
  }
  const authorization = header(request, 'authorization')
  if (authorization === undefined) return 'none'
  if (!authorization.startsWith('AWS4-HMAC-SHA256')) return 'malformed'
  const fields = new Map<string, string>()
  for (const part of authorization.slice('AWS4-HMAC-SHA256'.length).split(',')) {
    const equals = part.indexOf('=')
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  const claim = claimFrom(
    fields.get('Credential'),
    fields.get('SignedHeaders'),
    fields.get('Signature'),
    header(request, 'x-amz-date'),
  )
  return claim ? { ...claim, token: header(request, 'x-amz-security-token') } : 'malformed'
}

/** RFC 3986, as the signature wants it: encodeURIComponent leaves five characters alone that must be encoded. */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}

export function canonicalRequest(
  request: Pick<AwsRequest, 'method' | 'path' | 'query' | 'headers'>,
  claim: SignatureClaim,
  payloadHash: string,
): string {
  const path = request.path
    .split('/')
    .map((part) => encodePart(decodePart(part) ?? part))
    .join('/')
  const query = request.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodePart(name), encodePart(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = claim.signedHeaders
    .map((name) => `${name}:${(header(request, name) ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('')
  return [request.method, path, query, headers, claim.signedHeaders.join(';'), payloadHash].join('\n')
}

export function credentialScope(claim: SignatureClaim): string {
  return `${claim.date}/${claim.region}/${claim.service}/aws4_request`
}

export function stringToSign(claim: SignatureClaim, canonical: string): string {
  // Node hands out header bytes as Latin-1 characters; all the rest is ASCII.
  const hash = createHash('sha256').update(canonical, 'latin1').digest('hex')
  return `AWS4-HMAC-SHA256\n${claim.time}\n${credentialScope(claim)}\n${hash}`
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const signingKeys = new Map<string, Buffer>()

export function signingKey(secret: string, claim: SignatureClaim): Buffer {
  const name = `${secret}/${credentialScope(claim)}`
  const known = signingKeys.get(name)
  if (known) return known
  const key = [claim.region, claim.service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, claim.date))
  if (signingKeys.size > 1000) signingKeys.clear()
  signingKeys.set(name, key)
  return key
}

export function sign(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex')
}

/** Compares without telling by its duration where two signatures differ. */
export function sameSignature(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Milliseconds since 1970 of `20261105T101112Z`. */
export function parseAmzTime(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

export function amzTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, '')
}
