import { z } from 'zod'
import { isKeyStoreOutage } from './external-key-store.ts'
import { isProxyRefusal } from './proxy-trouble.ts'

/**
 * What went wrong in a call to AWS, in one shape for KMS, S3, STS and the network below them.
 * Codes, messages and statuses: AWS's own service models and API references; names of local faults: AWS SDK for JavaScript v3.
 */
export interface AwsFault {
  /** `refused`: AWS said no. `unreachable`: nobody answered, or answered "later". `invalid`: what was asked can never work. */
  readonly kind: 'refused' | 'unreachable' | 'invalid'
  /** AWS's error code or, for a local fault, Node's: `AccessDeniedException`, `ECONNREFUSED` … */
  readonly code: string
  readonly message: string
  readonly requestId: string | undefined
  readonly httpStatus: number | undefined
  /** Where S3 says that the bucket is, when it was asked for in another Region. */
  readonly bucketRegion: string | undefined
}

const thrown = z.object({
  name: z.string().catch('Unknown'),
  message: z.string().catch(''),
  /** Of several connections that were tried at once. */
  errors: z
    .array(z.object({ message: z.string() }))
    .optional()
    .catch(undefined),
  code: z.string().optional().catch(undefined),
  $metadata: z
    .object({ httpStatusCode: z.number().optional(), requestId: z.string().optional() })
    .optional()
    .catch(undefined),
  $response: z
    .object({
      headers: z.object({ 'x-amz-bucket-region': z.string().optional(), 'content-type': z.string().optional() }),
    })
    .optional()
    .catch(undefined),
})

/** Ask for fewer calls of KMS and STS. S3's SlowDown is not among them: fewer calls of keys would not help it. */
const throttling = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
])

/** Not here, but try later: throttling, server faults, clocks of a busy service. */
const later = new Set([
  ...throttling,
  'RequestThrottled',
  'SlowDown',
  'InternalError',
  'InternalFailure',
  'ServiceUnavailable',
  'RequestTimeout',
  'TimeoutError',
  'AbortError',
  'KMSInternalException',
  'KeyUnavailableException',
  'DependencyTimeoutException',
  'IDPCommunicationError',
  'IDPCommunicationErrorException',
  // Metadata that answered before: see default-chain.ts.
  'CredentialsAwayError',
  // Of S3: another request on the same object or bucket is under way, or an upload was cut off.
  'ConditionalRequestConflict',
  'OperationAborted',
  'IncompleteBody',
  // A quota of Ceph's, and one of MinIO's: until there is room again.
  'QuotaExceeded',
  'XMinioAdminBucketQuotaExceeded',
])

/** What was asked for does not exist or does not fit; asking again, by anybody, changes nothing. */
const never = new Set([
  'NotFoundException',
  'NotFound',
  'NoSuchBucket',
  'NoSuchKey',
  'ValidationException',
  'InvalidArnException',
  'InvalidKeyUsageException',
  'UnsupportedOperationException',
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'InvalidBucketName',
  'NotImplemented',
  'CredentialsProviderError',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'RequestInTheFuture',
  // A connection that this console itself would not make: see connect-guard.ts.
  'ForbiddenAddressError',
])

/** Node's words for a connection that ended before all was said. */
const connectionLost = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'])

export function faultOf(error: unknown): AwsFault {
  const parsed = thrown.safeParse(error)
  const {
    name,
    message: said,
    errors,
    code: localCode,
    $metadata,
    $response,
  } = parsed.success ? parsed.data : { name: 'Unknown', message: '' }
  const message = sayable(said || (errors ?? []).map((one) => one.message).join('; '))
  const httpStatus = $metadata?.httpStatusCode
  const answered = httpStatus !== undefined
  // An answer that was cut off is none, whatever its status: it may have said something else than one would guess.
  const cutOff = localCode !== undefined && connectionLost.has(localCode)
  const onTheWay = name === 'CredentialsProviderError' ? networkIn(said) : undefined
  if (onTheWay)
    return {
      ...{ kind: isProxyRefusal(onTheWay) ? 'refused' : 'unreachable', code: onTheWay, message },
      ...{ requestId: undefined, httpStatus, bucketRegion: undefined },
    }
  const local = localCode !== undefined && (!answered || cutOff)
  const requestId = $metadata?.requestId
  const alien =
    answered && (isUnreadable(name, message, httpStatus) || isPage(name, httpStatus, requestId, $response?.headers))
  const code = local ? localCode : alien ? 'SyntaxError' : name
  const fault = {
    code,
    message,
    requestId,
    httpStatus,
    bucketRegion: $response?.headers['x-amz-bucket-region'],
  }

  // The name of a new bucket leads elsewhere for a while: 307.
  const busy =
    httpStatus === 307 ||
    (httpStatus !== undefined && (httpStatus === 429 || (httpStatus >= 500 && httpStatus !== 501)))
  // What KMS says to S3, of the key of a bucket, has `KMS.` in front.
  const passing = later.has(name.replace(/^KMS\./, '')) || isCapReached(message) || isKeyStoreOutage(name, message)
  if (passing || busy || cutOff) return { ...fault, kind: 'unreachable' }
  if (alien) return { ...fault, kind: 'unreachable' }
  if (isClockSkew(name, message)) return { ...fault, kind: 'invalid' }
  if (never.has(name) || (answered && httpStatus === 404) || httpStatus === 301) return { ...fault, kind: 'invalid' }
  // A "yes" that cannot be read is no "no".
  if (name === 'SyntaxError' || (answered && httpStatus < 300)) return { ...fault, kind: 'unreachable' }
  if (answered || isProxyRefusal(code)) return { ...fault, kind: 'refused' }
  if (/^Region (is missing|not accepted)/.test(message)) return { ...fault, kind: 'invalid' }
  // No answer at all: DNS, refused or reset connections, TLS.
  return { ...fault, kind: 'unreachable' }
}

/**
 * A profile's credentials come from a service too (SSO, STS), and the SDK tells only in words why that gave none. Not so
 * where several places were asked in turn: nobody listens for metadata on machines that have none.
 */
function networkIn(message: string): string | undefined {
  if (message.startsWith('Asked in turn')) return undefined
  return /\b(EPROXY[A-Z]+|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|TimeoutError)\b/.exec(
    message,
  )?.[0]
}

/**
 * Without the line for programmers that the SDK adds to what it could not read, and without the request, which AWS repeats
 * where a signature does not match: its headers have the session token in them.
 */
function sayable(message: string): string {
  if (message === 'UnknownError') return ''
  return (
    message
      .replace(/\s+Deserialization error: to see the raw response[\s\S]*/, '')
      .replace(/\s*The Canonical String for this request should have been[\s\S]*/i, '')
      // A store may say anything: no database takes a NUL, and no terminal should get the rest.
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
  )
}

/** A proxy or a captive portal answers with a page, whatever the status: no JSON, mostly no XML… */
function isUnreadable(name: string, message: string, httpStatus: number): boolean {
  return httpStatus >= 300 && (name === 'SyntaxError' || /XML parse error/.test(message))
}

/**
 * …and never with a code of AWS nor the ID that AWS gives to each request. Other stores need not give one (MinIO and Ceph
 * do, RustFS and Cloudflare R2 promise none), and a refused HEAD has no body, so theirs has no code either. But its type
 * is that of their errors, XML, or none is said, where a page is HTML, and what a proxy says by itself plain text.
 */
function isPage(
  name: string,
  httpStatus: number,
  requestId: string | undefined,
  headers: { 'content-type'?: string | undefined } | undefined,
): boolean {
  if (httpStatus < 300 || !/^(Unknown|UnknownError)$/.test(name) || requestId !== undefined) return false
  if (headers === undefined || httpStatus < 400 || httpStatus === 407) return true
  const type = headers['content-type']
  return type !== undefined && !/^(application|text)\/xml\b/i.test(type)
}

/** Nobody answered, or a proxy on the way said no: AWS has said nothing. */
export const isOnTheWay = ({ kind, code }: Pick<AwsFault, 'kind' | 'code'>): boolean =>
  kind === 'unreachable' || isProxyRefusal(code)

/**
 * Who answered that requests come too fast: KMS and STS count those of an `account`, S3 those on a part of a `store`.
 * Undefined where nobody did.
 */
export function throttledBy({ kind, code, httpStatus }: AwsFault): 'account' | 'store' | undefined {
  if (kind !== 'unreachable') return undefined
  // MinIO has SlowDownRead and SlowDownWrite.
  if (code.startsWith('SlowDown')) return 'store'
  const isSaid = /throttl|toomany|limitexceeded/i.test(code) || (httpStatus === 429 && code !== 'SyntaxError')
  return isSaid ? 'account' : undefined
}

/** By an error code of KMS or STS. */
export const isThrottling = (code: string): boolean => throttling.has(code)

/** Backblaze B2 says AccessDenied where a day's or an account's cap is used up. */
export const isCapReached = (message: string) => /\bcap exceeded\b/i.test(message)

/** The SDK found, while it read a body, that it is not what its checksum header says. */
export function isChecksumMismatch(error: unknown): boolean {
  return error instanceof Error && /^Checksum mismatch: /.test(error.message)
}

export function isClockSkew(code: string, message: string): boolean {
  if (code === 'RequestExpired' || code === 'RequestInTheFuture') return true
  return code === 'RequestTimeTooSkewed' || /^Signature (expired|not yet current)/.test(message)
}

const credentialCodes = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'InvalidToken',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'ExpiredTokenException',
  'ExpiredToken',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'IncompleteSignature',
  'MissingSecurityHeader',
  'TokenRefreshRequired',
  'InvalidSecurity',
  'InvalidIdentityToken',
  'InvalidIdentityTokenException',
  'IDPRejectedClaim',
  'IDPRejectedClaimException',
  'CredentialsProviderError',
])

/** The credentials themselves are wrong or absent, so every further call would fail alike. One fault has three names in KMS, S3 and STS. */
export function isCredentialFault(fault: AwsFault): boolean {
  return credentialCodes.has(fault.code) && !isClockSkew(fault.code, fault.message)
}
