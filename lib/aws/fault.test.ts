import { once } from 'node:events'
import { createServer } from 'node:http'
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { faultOf, isChecksumMismatch, isClockSkew, isCredentialFault } from './fault.ts'
import { answered, local } from './fault-for-tests.ts'

/** AWS KMS developer guide, "Troubleshooting external key stores". */
const outside = 'The external key store proxy '
const badSignature = 'The request signature we calculated does not match the signature you provided.'
const badToken = 'The security token included in the request is invalid.'
const expired = 'The security token included in the request is expired'
const early =
  'Signature not yet current: 20261121T000000Z is still later than 20261120T235000Z (20261120T234500Z + 5 min.)'
const late = 'Signature expired: 20261121T000000Z is now earlier than 20261121T001000Z (20261121T001500Z - 5 min.)'
const unreadable =
  'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.'

// One fault of the credentials has up to three names; what is wrong with it is the same.
test.each([
  ['KMS', 400, 'UnrecognizedClientException', badToken],
  ['STS', 403, 'InvalidClientTokenId', badToken],
  ['S3', 403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'],
  ['S3', 400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'],
  ['KMS', 400, 'InvalidSignatureException', badSignature],
  ['S3 and STS', 403, 'SignatureDoesNotMatch', badSignature],
  ['KMS', 400, 'ExpiredTokenException', expired],
  ['S3', 400, 'ExpiredToken', 'The provided token has expired.'],
  ['STS', 403, 'ExpiredToken', expired],
  ['KMS', 400, 'IncompleteSignatureException', ''],
  ['KMS', 400, 'MissingAuthenticationTokenException', ''],
  ['STS', 403, 'MissingAuthenticationToken', 'Request is missing Authentication Token'],
  ['STS', 400, 'IncompleteSignature', ''],
  ['S3', 400, 'TokenRefreshRequired', 'The provided token must be refreshed.'],
])('credentials, %s: %i %s', (_, status, code, message) => {
  const fault = faultOf(answered(status, code, message))
  expect(fault).toEqual({ kind: 'refused', code, message, requestId: 'request-1', httpStatus: status })
  expect(isCredentialFault(fault)).toBe(true)
  expect(isClockSkew(fault.code, fault.message)).toBe(false)
})

test('no credentials anywhere: nothing was asked, and nothing will come of asking again', () => {
  const fault = faultOf(local('CredentialsProviderError', undefined, 'Could not load credentials from any providers'))
  expect(fault).toMatchObject({ kind: 'invalid', code: 'CredentialsProviderError', httpStatus: undefined })
  expect(isCredentialFault(fault)).toBe(true)
})

test.each([
  ['KMS', 400, 'InvalidSignatureException', late],
  ['KMS', 400, 'InvalidSignatureException', early],
  ['STS', 403, 'SignatureDoesNotMatch', late],
  ['KMS', 400, 'RequestExpired', 'The request reached the service more than 15 minutes after the date stamp'],
  ['S3', 403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'],
])('a wrong clock is not a wrong secret, %s: %i %s', (_, status, code, message) => {
  const fault = faultOf(answered(status, code, message))
  expect(fault.kind).toBe('invalid')
  expect(isClockSkew(fault.code, fault.message)).toBe(true)
  expect(isCredentialFault(fault)).toBe(false)
})

test.each([
  [
    400,
    'ThrottlingException',
    'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  ],
  [400, 'Throttling', 'Rate exceeded'],
  [503, 'SlowDown', 'Please reduce your request rate.'],
  [400, 'RequestLimitExceeded', ''],
  [429, 'TooManyRequestsException', ''],
  [429, 'Unknown', ''],
  [500, 'KMSInternalException', ''],
  [500, 'DependencyTimeoutException', ''],
  [500, 'KeyUnavailableException', ''],
  [500, 'InternalError', 'We encountered an internal error. Please try again.'],
  [503, 'ServiceUnavailable', ''],
  [502, 'Unknown', ''],
  [504, 'Unknown', ''],
  [400, 'RequestTimeout', ''],
  // Amazon S3 API reference, PutObject: on a 409 failure, retry the upload.
  [
    409,
    'ConditionalRequestConflict',
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
  ],
  [
    409,
    'OperationAborted',
    'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  ],
  [400, 'IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header'],
  [307, 'TemporaryRedirect', 'Please re-send this request to the specified temporary endpoint.'],
  [307, 'Unknown', ''],
  [400, 'KMS.ThrottlingException', 'You have exceeded the rate at which you may call KMS.'],
  [
    400,
    'KMSInvalidStateException',
    `${outside}rejected the request due to a very high request rate. Reduce the frequency of your calls using KMS keys in this external key store.`,
  ],
  [
    400,
    'KMSInvalidStateException',
    `${outside}did not respond to the request in the time allotted. Retry the request.`,
  ],
  [
    400,
    'KMSInvalidStateException',
    'AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request.',
  ],
  [
    400,
    'KMSInvalidStateException',
    'AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue.',
  ],
  [
    400,
    'KMSInvalidStateException',
    `${outside}rejected the request because it cannot communicate with the external key manager.`,
  ],
  [
    400,
    'KMSInvalidStateException',
    `${outside}is in an unhealthy state. If you see this message repeatedly, notify your external key store proxy administrator.`,
  ],
  [400, 'KMS.KMSInvalidStateException', 'AWS KMS cannot interpret the response from the external key store proxy.'],
  [200, 'SyntaxError', `Unexpected token '<', "<html>" is not valid JSON ${unreadable}`],
  [403, 'SyntaxError', `Unexpected token '<', "<html>" is not valid JSON ${unreadable}`],
  [200, 'TypeError', `Invalid base64 string. ${unreadable}`],
  [200, 'Error', `aborted ${unreadable}`],
])('later: %i %s', (status, code, message) => {
  const fault = faultOf(answered(status, code, message))
  const told = message.replace(` ${unreadable}`, '')
  expect(fault).toMatchObject({ kind: 'unreachable', code, message: told, httpStatus: status })
  expect(isCredentialFault(fault)).toBe(false)
})

test.each([
  ['Error', 'ENOTFOUND', 'getaddrinfo ENOTFOUND kms.us-east-1.example.test'],
  ['Error', 'EAI_AGAIN', 'getaddrinfo EAI_AGAIN kms.us-east-1.example.test'],
  ['Error', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'],
  ['AggregateError', 'ECONNREFUSED', ''],
  ['TimeoutError', 'ECONNRESET', 'socket hang up'],
  ['TimeoutError', 'ETIMEDOUT', 'a request has exceeded the configured 1000 ms requestTimeout.'],
  ['Error', 'EHOSTUNREACH', 'connect EHOSTUNREACH'],
  ['Error', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['Error', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  ['Error', 'CERT_HAS_EXPIRED', 'certificate has expired'],
  ['Error', 'ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname/IP does not match certificate’s altnames'],
  ['Error', 'EPROTO', 'wrong version number'],
])('nobody answered: %s %s', (name, code, message) => {
  const fault = faultOf(local(name, code, message))
  expect(fault).toEqual({ kind: 'unreachable', code, message, requestId: undefined, httpStatus: undefined })
  expect(isCredentialFault(fault)).toBe(false)
})

test.each([
  [
    'TimeoutError',
    'the request socket did not establish a connection with the server within the configured timeout of 10 ms.',
  ],
  ['AbortError', 'Request aborted'],
])('nobody answered: %s without a code', (name, message) => {
  expect(faultOf(local(name, undefined, message))).toMatchObject({ kind: 'unreachable', code: name, message })
})

test.each([
  [400, 'NotFoundException'],
  [404, 'NoSuchBucket'],
  [404, 'NoSuchKey'],
  [404, 'NotFound'],
  [404, 'Unknown'],
  [301, 'PermanentRedirect'],
  [301, 'Unknown'],
  [400, 'AuthorizationHeaderMalformed'],
  [400, 'IllegalLocationConstraintException'],
  [400, 'ValidationException'],
  [400, 'InvalidArnException'],
  [400, 'InvalidKeyUsageException'],
  [400, 'UnsupportedOperationException'],
  [400, 'InvalidBucketName'],
  [501, 'NotImplemented'],
])('can never work: %i %s', (status, code) => {
  expect(faultOf(answered(status, code))).toMatchObject({ kind: 'invalid', code, message: '' })
})

test.each(['Region is missing', 'Region not accepted: region="us_east 1" is not a valid hostname component.'])(
  'can never work: %s',
  (message) => {
    expect(faultOf(local('Error', undefined, message))).toMatchObject({ kind: 'invalid', message })
  },
)

test.each([
  [400, 'AccessDeniedException'],
  [403, 'AccessDenied'],
  [400, 'DisabledException'],
  [400, 'KMSInvalidStateException'],
  [400, 'IncorrectKeyException'],
  [400, 'InvalidCiphertextException'],
  [403, 'RegionDisabledException'],
  [412, 'PreconditionFailed'],
  [403, 'Unknown'],
  [400, 'SomethingNobodyHasSeenYet'],
])('AWS said no: %i %s', (status, code) => {
  const fault = faultOf(answered(status, code, 'In its own words'))
  expect(fault).toMatchObject({ kind: 'refused', code, message: 'In its own words', requestId: 'request-1' })
  expect(isCredentialFault(fault)).toBe(false)
})

test.each([[undefined], [null], ['a text'], [42], [{}], [{ name: 1, message: 2, $metadata: 'x' }], [new Error('x')]])(
  'whatever is thrown, %o, is a fault and not a refusal',
  (thrown) => {
    expect(faultOf(thrown)).toMatchObject({ kind: 'unreachable', httpStatus: undefined })
  },
)

test('the Region of a bucket is read from the answer’s header', () => {
  const redirect = Object.assign(answered(301, 'PermanentRedirect'), {
    $response: { headers: { 'x-amz-bucket-region': 'eu-central-1' } },
  })
  expect(faultOf(redirect).bucketRegion).toBe('eu-central-1')
  expect(faultOf(Object.assign(answered(301, 'PermanentRedirect'), { $response: 'x' })).bucketRegion).toBeUndefined()
})

test('what AWS repeats of a request is left out: the session token is in it', () => {
  const repeated = `${badSignature} Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:kms.us-east-1.amazonaws.com\nx-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLE\n\nhost;x-amz-security-token\n44136fa3'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256'\n`
  const fault = faultOf(answered(400, 'InvalidSignatureException', repeated))
  expect(fault.message).toBe(`${badSignature} Consult the service documentation for details.`)
  expect(isCredentialFault(fault)).toBe(true)
})

test('a checksum that differs is told from what cannot be reached', () => {
  const message = 'Checksum mismatch: expected "a" but received "b" in response header "x-amz-checksum-crc32".'
  expect(isChecksumMismatch(new Error(message))).toBe(true)
  expect(isChecksumMismatch(new Error('aborted'))).toBe(false)
  expect(isChecksumMismatch(message)).toBe(false)
})

test('an answer that was cut off is none, whatever its status; what the SDK tells programmers is left out', () => {
  const cut = Object.assign(answered(412, 'Error', 'aborted'), { code: 'ECONNRESET' })
  expect(faultOf(cut)).toMatchObject({ kind: 'unreachable', code: 'ECONNRESET', httpStatus: 412 })
  const garbled = answered(200, 'Error', `XML parse error: expected > at the end.\n  ${unreadable}`)
  expect(faultOf(garbled)).toMatchObject({ kind: 'unreachable', message: 'XML parse error: expected > at the end.' })
})

test.each([
  ['KMS', 404, 'SyntaxError', `Unexpected token '<', "<html>" is not valid JSON ${unreadable}`],
  ['KMS', 301, 'SyntaxError', `Unexpected token '<', "<html>" is not valid JSON ${unreadable}`],
  ['S3', 403, 'Error', `@aws-sdk XML parse error: mismatched tags <meta> and </head>.\n  ${unreadable}`],
  ['STS', 407, 'Error', `@aws-sdk XML parse error: unexpected content.\n  ${unreadable}`],
  ['S3', 302, 'Error', `@aws-sdk XML parse error: mismatched tags <br> and </p>.\n  ${unreadable}`],
])('a page of a proxy is no answer of %s: %i', (_, status, name, message) => {
  const fault = faultOf(answered(status, name, message))
  expect(fault).toMatchObject({ kind: 'unreachable', code: 'SyntaxError', httpStatus: status })
})

test('a page that happens to be XML has no code, and no request ID as every answer of AWS has', () => {
  const page = Object.assign(new Error('UnknownError'), { name: 'Unknown', $metadata: { httpStatusCode: 400 } })
  expect(faultOf(page)).toMatchObject({ kind: 'unreachable', code: 'SyntaxError' })
  expect(faultOf(answered(400, 'Unknown'))).toMatchObject({ kind: 'refused', code: 'Unknown' })
})

test.each([
  [403, undefined, 'refused'],
  [403, 'application/xml', 'refused'],
  [400, 'text/xml; charset=utf-8', 'refused'],
  [403, 'text/html; charset=utf-8', 'unreachable'],
  [403, 'application/xhtml+xml', 'unreachable'],
  [403, 'text/plain', 'unreachable'],
  [407, undefined, 'unreachable'],
  [302, undefined, 'unreachable'],
])('a HEAD that is answered %i %s, without a body or a request ID, is %s', async (status, type, kind) => {
  const server = createServer((_, response) => response.writeHead(status, type ? { 'content-type': type } : {}).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  const endpoint = `http://127.0.0.1:${port}`
  const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 })
  const error: unknown = await s3
    .send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }))
    .catch((thrown: unknown) => thrown)
  expect(faultOf(error)).toMatchObject({ kind, httpStatus: status, requestId: undefined })
  expect(faultOf(error).code === 'SyntaxError').toBe(kind === 'unreachable')
  s3.destroy()
  server.closeAllConnections()
  server.close()
})
