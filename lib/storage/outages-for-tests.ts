import { answered, local } from '#lib/aws/fault-for-tests.ts'
import { type FailureRow, kms, s3, sts } from './failure-row-for-tests.ts'

/** Nobody has refused anything. */
export const outages: FailureRow[] = [
  ['KMS throttled', answered(400, 'ThrottlingException', ''), kms(), 'AWS KMS in us-east-1 throttles requests', 'wait'],
  ['KMS down', answered(500, 'KMSInternalException', ''), kms(), 'AWS KMS in us-east-1 could not be reached', 'wait'],
  ['S3 throttled', answered(503, 'SlowDown', ''), s3(), 'Bucket my-bucket throttles requests', 'wait'],
  ['S3 down', answered(503, 'ServiceUnavailable', ''), s3(), 'Bucket my-bucket could not be reached', 'wait'],
  ['STS throttled', answered(400, 'Throttling', 'Rate exceeded'), sts, 'AWS STS throttles requests', 'wait'],
  [
    'no such host',
    local('Error', 'ENOTFOUND', 'getaddrinfo ENOTFOUND kms.example.test'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'connection refused',
    local('Error', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'timed out',
    local('TimeoutError', 'ETIMEDOUT', 'a request has exceeded the configured requestTimeout'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'not trusted',
    local('Error', 'SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'proxy asks who it is',
    local(
      'ProxyError',
      'EPROXYAUTH',
      'EPROXYAUTH http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: it answered 407 Proxy Authentication Required',
    ),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'proxy refuses',
    local(
      'ProxyError',
      'EPROXYREFUSED',
      'EPROXYREFUSED http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: it answered 403 Forbidden',
    ),
    s3(),
    'Bucket my-bucket could not be reached',
    'network',
  ],
  [
    'proxy does not get there',
    local(
      'ProxyError',
      'EPROXYUPSTREAM',
      'EPROXYUPSTREAM http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: it answered 503 Service Unavailable',
    ),
    sts,
    'AWS STS could not be reached',
    'network',
  ],
  [
    'proxy away',
    local(
      'ProxyError',
      'EPROXYAWAY',
      'EPROXYAWAY http://proxy.test:3128, for kms.us-east-1.amazonaws.com:443: connect ECONNREFUSED 10.0.0.5:3128',
    ),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  [
    'captive portal',
    answered(200, 'SyntaxError', 'Unexpected token <'),
    kms(),
    'AWS KMS in us-east-1 could not be reached',
    'network',
  ],
  ['cut off', answered(200, 'Error', 'aborted'), kms(), 'AWS KMS in us-east-1 could not be reached', 'network'],
]
