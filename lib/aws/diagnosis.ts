import { isKeyStoreOutage, keyStoreAway } from './external-key-store.ts'
import type { AwsFault } from './fault.ts'
import type { Changer, Remedy } from './schema.ts'

/** One failed call in words: what happened, why, and what to do. */
export interface Diagnosis {
  /** A short sentence without a full stop. */
  readonly title: string
  readonly detail: string
  readonly cause: string
  /** Where the change belongs; undefined where the answer is not known, so that nobody is sent on a guess. */
  readonly who?: Changer
  readonly fix: string
  /** What carries the fix out, ready to copy: policies or commands. */
  readonly remedies?: Remedy[]
}

/** One credential fault has three names (KMS, S3, STS); the words are the same for all. */
export function credentialHelp(code: string, message: string): Diagnosis {
  switch (code) {
    case 'CredentialsProviderError':
      return {
        title: 'No credentials were found',
        detail: 'Nothing was sent to AWS, because this console has no AWS credentials.',
        // Each place that was asked, with what it said: see default-chain.ts.
        cause:
          message ||
          'The environment, the shared credentials file, web identity, container and instance metadata hold none.',
        who: 'credentials',
        fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role, and restart the console.',
      }
    case 'ExpiredTokenException':
    case 'ExpiredToken':
      return {
        title: 'The credentials have expired',
        detail: 'AWS knows these temporary credentials, but their session has ended.',
        cause: 'A session token is valid for a limited time.',
        who: 'credentials',
        fix: 'Get new temporary credentials, or use a role or an access key that renews itself.',
      }
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
      return {
        title: 'The secret access key is wrong',
        detail: 'AWS knows the access key ID, but the signature made with the secret does not match.',
        cause:
          'The secret access key does not belong to this access key ID, or a character was lost when it was copied.',
        who: 'credentials',
        fix: 'Enter the secret access key again, or make a new access key in IAM.',
      }
    case 'RequestTimeTooSkewed':
      return {
        title: 'This machine’s clock is wrong',
        detail: 'AWS refuses requests whose time differs too much from its own.',
        cause: message || 'The clock differs by more than 5 minutes.',
        who: 'clock',
        fix: 'Turn on time synchronisation (timedatectl set-ntp true) and check again.',
      }
    case 'InvalidIdentityToken':
    case 'InvalidIdentityTokenException':
    case 'IDPRejectedClaim':
    case 'IDPRejectedClaimException':
      return {
        title: 'The web identity token was refused',
        detail: 'AWS STS did not accept the token that this machine’s identity provider gave.',
        cause: message || 'The token has expired, or its provider is not registered in IAM.',
        who: 'credentials',
        fix: 'Check the provider in IAM > Identity providers, and that AWS_WEB_IDENTITY_TOKEN_FILE names a fresh token.',
      }
    case 'InvalidToken':
      return {
        title: 'The session token is wrong',
        detail: 'AWS could not read the session token that came with the access key.',
        cause: 'The session token is missing characters, or belongs to another access key ID.',
        who: 'credentials',
        fix: 'Enter access key ID, secret and session token again, all three from the same session.',
      }
    case 'MissingAuthenticationTokenException':
    case 'IncompleteSignatureException':
      return {
        title: 'The request arrived unsigned',
        detail: 'AWS found no complete signature on the request.',
        cause: 'Something between this console and AWS removed or changed the Authorization header.',
        who: 'network',
        fix: 'Let the proxy pass requests to AWS unchanged, or go around it with NO_PROXY.',
      }
    default:
      return {
        title: 'AWS does not know these credentials',
        detail: `AWS answered ${code}.`,
        cause: 'The access key ID does not exist, was deactivated or deleted, or its session token is wrong.',
        who: 'credentials',
        fix: 'Check the access key ID in IAM > Users > Security credentials, or enter another one.',
      }
  }
}

/** Throttling is AWS's own word, faults of the network are not: both leave open whether anything is wrong. */
export function unreachable(fault: AwsFault, what: string): Diagnosis {
  if (isKeyStoreOutage(fault.code, fault.message)) return keyStoreAway(fault.message)
  const nothingKnown = 'Nothing is known to be wrong with the key or the bucket.'
  if (/throttl|slowdown|toomany|limitexceeded/i.test(fault.code)) {
    return {
      title: `${what} could not be reached`,
      detail: `AWS answered that this account calls too often. ${nothingKnown}`,
      cause: 'The account’s request quota is used up for the moment.',
      who: 'wait',
      fix: 'Try again in a minute. If it stays, look at the account’s request quotas in Service Quotas, and at what else uses them up.',
    }
  }
  const { cause, who, fix } = outage(fault)
  return {
    title: `${what} could not be reached`,
    detail: `No usable answer came back. ${nothingKnown}`,
    cause,
    who,
    fix,
  }
}

function outage({ code, message, httpStatus }: AwsFault): { cause: string; who: Changer; fix: string } {
  const network = (cause: string, fix: string) => ({ cause, who: 'network' as const, fix })
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return network(
        `The host name could not be resolved (${message}).`,
        'Check this machine’s DNS, and the endpoint if one is set; then check again.',
      )
    case 'ECONNREFUSED':
      return network(
        `Nothing listens at that address (${message}).`,
        'Check the endpoint and the proxy, if one is set; then check again.',
      )
    case 'TimeoutError':
    case 'ETIMEDOUT':
    case 'ECONNRESET':
      return network(
        'The connection was cut or timed out.',
        'Let this machine reach AWS on port 443: look at firewall, security group, route and proxy; then check again.',
      )
    case 'SyntaxError':
      return network(
        'Something that is not AWS answered, such as a proxy or a captive portal.',
        'Let the proxy pass requests to AWS unchanged, or go around it with NO_PROXY; then check again.',
      )
  }
  if (/CERT|SIGNED|ALTNAME|EPROTO/.test(code))
    return network(
      `The TLS connection is not trusted (${message}).`,
      'If a proxy or store of your own signs its certificates itself, name its authority in NODE_EXTRA_CA_CERTS and restart the console.',
    )
  if (httpStatus !== undefined && httpStatus < 300)
    return network(
      `The answer could not be read: it was damaged or cut off on its way, or did not come from AWS (${message}).`,
      'Look for what lies between this console and AWS and changes answers; then check again.',
    )
  if (httpStatus !== undefined)
    return {
      cause: `AWS answered with a fault of its own (${code}, HTTP ${httpStatus}).`,
      who: 'wait',
      fix: 'Try again in a few minutes. If it stays, look at health.aws.amazon.com for this Region.',
    }
  return network(
    `${code}: ${message}`,
    'Check this machine’s network, DNS, proxy and firewall, and that the endpoint is right; then check again.',
  )
}
