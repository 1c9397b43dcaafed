import { AwsError } from '../aws-error.ts'
import type { Clock } from '../clock.ts'
import { type IamStore, userPrincipal } from '../iam/iam-store.ts'
import { anonymous, type Principal } from '../iam/principal.ts'
import { openSession, sessionPrincipal } from '../iam/session-token.ts'
import {
  badToken,
  malformedSignature,
  missingSignature,
  oldSignature,
  type Service,
  signatureMismatch,
  skewed,
  tokenExpired,
  unknownKey,
  wrongScope,
} from './refusal.ts'
import { type AwsRequest, header, queryValue } from './request.ts'
import {
  canonicalRequest,
  parseAmzTime,
  readClaim,
  type SignatureClaim,
  sameSignature,
  sign,
  signingKey,
  stringToSign,
} from './sigv4.ts'

export interface Caller {
  principal: Principal
  region: string
  /** What a chunked upload goes on signing with; undefined when nobody signed. */
  signature: { claim: SignatureClaim; key: Buffer } | undefined
}

/** Signature Version 2, which newer Regions never took and here no Region takes. */
function isSignedTheOldWay(request: AwsRequest): boolean {
  return queryValue(request, 'AWSAccessKeyId') !== undefined
}

const skewMinutes: Record<Service, number> = { kms: 5, sts: 15, s3: 15 }

function credentials(claim: SignatureClaim, service: Service, iam: IamStore, clock: Clock) {
  if (claim.token === undefined) {
    const user = iam.userByAccessKey(claim.accessKeyId)
    if (!user) throw unknownKey(service, claim.accessKeyId)
    return { secret: user.secretAccessKey, principal: () => userPrincipal(user) }
  }
  const session = openSession(claim.token, iam.tokenKey)
  if (!session || session.accessKeyId !== claim.accessKeyId) throw badToken(service)
  const principal = sessionPrincipal(session, iam)
  if (!principal) throw badToken(service)
  if (session.expires <= clock.now()) throw tokenExpired(service)
  return { secret: session.secretAccessKey, principal: () => principal }
}

/** Real S3 wants every x-amz- header signed, or a thief of one request could add some. */
function checkHeadersSigned(request: AwsRequest, claim: SignatureClaim): void {
  const unsigned = Object.keys(request.headers).filter((name) => {
    return name.startsWith('x-amz-') && !claim.signedHeaders.includes(name)
  })
  // A presigned address carries the payload hash nowhere; S3 lets the header through.
  const refused = unsigned.filter((name) => claim.expires === undefined || name !== 'x-amz-content-sha256')
  if (refused.length > 0 || !claim.signedHeaders.includes('host')) {
    throw new AwsError('AccessDenied', 'There were headers present in the request which were not signed', 403, {
      details: { HeadersNotSigned: refused.join(', ') },
    })
  }
}

/**
 * Checks AWS Signature Version 4, in the Authorization header or a presigned address. Throws AwsError.
 * @param payloadHash hex SHA-256 of the body, or the word S3 takes instead
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function authenticate(
  request: AwsRequest,
  service: Service,
  payloadHash: string,
  { iam, clock }: { iam: IamStore; clock: Clock },
): Caller {
  const claim = readClaim(request)
  if (claim === 'malformed') {
    if (service === 's3' && header(request, 'authorization')?.startsWith('AWS ')) throw oldSignature()
    throw malformedSignature(
      service,
      request.query.some(([name]) => name === 'X-Amz-Algorithm'),
    )
  }
  if (claim === 'none') {
    if (service !== 's3') throw missingSignature(service)
    if (isSignedTheOldWay(request)) throw oldSignature()
    return { principal: anonymous, region: '', signature: undefined }
  }
  if (claim.service !== service) throw wrongScope(service, claim.service)
  const { secret, principal } = credentials(claim, service, iam, clock)
  const key = signingKey(secret, claim)
  const canonical = canonicalRequest(request, claim, payloadHash)
  const text = stringToSign(claim, canonical)
  if (!sameSignature(sign(key, text), claim.signature)) {
    throw signatureMismatch(service, {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: text,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    })
  }
  if (service === 's3') checkHeadersSigned(request, claim)
  checkTime(claim, service, clock)
  return { principal: principal(), region: claim.region, signature: { claim, key } }
}

function checkTime(claim: SignatureClaim, service: Service, clock: Clock): void {
  const signed = parseAmzTime(claim.time)
  const limit = skewMinutes[service]
  if (claim.expires === undefined) {
    const now = Date.now()
    if (Math.abs(now - signed) > limit * 60_000) throw skewed(service, signed, now, limit)
    return
  }
  const now = clock.now()
  if (signed - now > limit * 60_000) throw skewed(service, signed, now, limit)
  const end = signed + claim.expires * 1000
  if (now <= end) return
  throw new AwsError('AccessDenied', 'Request has expired', 403, {
    details: {
      'X-Amz-Expires': String(claim.expires),
      Expires: new Date(end).toISOString().replace(/\.\d+/, ''),
      ServerTime: new Date(now).toISOString().replace(/\.\d+/, ''),
    },
  })
}
