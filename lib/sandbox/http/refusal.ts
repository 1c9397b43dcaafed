import { AwsError } from '../aws-error.ts'
import { amzTime } from './sigv4.ts'

export type Service = 'kms' | 'sts' | 's3'

/** The same fault has another name in each service: a stand-in that unified them would hide what a diagnosis must tell apart. */
const wrongSignature =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const invalidToken = 'The security token included in the request is invalid.'
const expiredToken = 'The security token included in the request is expired'

export function missingSignature(service: Service): AwsError {
  if (service === 'kms') return new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  if (service === 'sts') {
    return new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403)
  }
  return new AwsError('AccessDenied', 'Access Denied', 403)
}

export function malformedSignature(service: Service, presigned: boolean): AwsError {
  if (service === 'kms') {
    return new AwsError('IncompleteSignatureException', 'Authorization header requires existence of the SigV4 fields.')
  }
  if (service === 'sts') {
    return new AwsError('IncompleteSignature', 'Authorization header requires existence of the SigV4 fields.')
  }
  if (presigned) {
    return new AwsError(
      'AuthorizationQueryParametersError',
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  return new AwsError('AuthorizationHeaderMalformed', 'The authorization header that you provided is not valid.')
}

export function oldSignature(): AwsError {
  return new AwsError(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  )
}

/** The credentials are for another service: `s3` credentials sent to KMS. */
export function wrongScope(service: Service, scope: string): AwsError {
  const message = `Credential should be scoped to correct service: '${service}'. `
  if (service === 'kms') return new AwsError('InvalidSignatureException', message)
  if (service === 'sts') return new AwsError('SignatureDoesNotMatch', message, 403)
  return new AwsError(
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; incorrect service "${scope}". This endpoint belongs to "s3".`,
  )
}

export function unknownKey(service: Service, accessKeyId: string): AwsError {
  if (service === 'kms') return new AwsError('UnrecognizedClientException', invalidToken)
  if (service === 'sts') return new AwsError('InvalidClientTokenId', invalidToken, 403)
  return new AwsError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 403, {
    details: { AWSAccessKeyId: accessKeyId },
  })
}

export function badToken(service: Service): AwsError {
  if (service === 's3') {
    return new AwsError('InvalidToken', 'The provided token is malformed or otherwise invalid.')
  }
  return unknownKey(service, '')
}

export function tokenExpired(service: Service): AwsError {
  if (service === 'kms') return new AwsError('ExpiredTokenException', expiredToken)
  if (service === 'sts') return new AwsError('ExpiredToken', expiredToken, 403)
  return new AwsError('ExpiredToken', 'The provided token has expired.')
}

export function signatureMismatch(service: Service, details: Record<string, string>): AwsError {
  if (service === 'kms') return new AwsError('InvalidSignatureException', wrongSignature)
  if (service === 'sts') return new AwsError('SignatureDoesNotMatch', wrongSignature, 403)
  return new AwsError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    403,
    { details },
  )
}

/** @param limit minutes that the two clocks may be apart */
export function skewed(service: Service, signed: number, now: number, limit: number): AwsError {
  if (service === 's3') {
    return new AwsError(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      403,
      {
        details: {
          RequestTime: amzTime(signed),
          ServerTime: new Date(now).toISOString().replace(/\.\d+/, ''),
          MaxAllowedSkewMilliseconds: String(limit * 60_000),
        },
      },
    )
  }
  const edge = now + (signed < now ? -1 : 1) * limit * 60_000
  const message =
    signed < now
      ? `Signature expired: ${amzTime(signed)} is now earlier than ${amzTime(edge)} (${amzTime(now)} - ${limit} min.)`
      : `Signature not yet current: ${amzTime(signed)} is still later than ${amzTime(edge)} (${amzTime(now)} + ${limit} min.)`
  return service === 'kms'
    ? new AwsError('InvalidSignatureException', message)
    : new AwsError('SignatureDoesNotMatch', message, 403)
}
