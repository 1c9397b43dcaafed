import type { AwsFault } from './fault.ts'

/** One failed call in words: what happened, why, and what to do. */
export interface Diagnosis {
  /** A short sentence without a full stop. */
  readonly title: string
  readonly detail: string
  readonly cause: string
  readonly fix: string
  /** Something to copy that carries the fix out: a policy or a command. */
  readonly remedy?: { readonly label: string; readonly text: string }
}

/** One credential fault has three names (KMS, S3, STS); the words are the same for all. */
export function credentialHelp(code: string, message: string): Diagnosis {
  switch (code) {
    case 'CredentialsProviderError':
      return {
        title: 'No credentials were found',
        detail: 'Nothing was sent to AWS, because this console has no AWS credentials.',
        cause: 'The environment, the shared credentials file, web identity, container and instance metadata hold none.',
        fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role, and restart the console.',
      }
    case 'ExpiredTokenException':
    case 'ExpiredToken':
      return {
        title: 'The credentials have expired',
        detail: 'AWS knows these temporary credentials, but their session has ended.',
        cause: 'A session token is valid for a limited time.',
        fix: 'Get new temporary credentials, or use a role or an access key that renews itself.',
      }
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
      return {
        title: 'The secret access key is wrong',
        detail: 'AWS knows the access key ID, but the signature made with the secret does not match.',
        cause:
          'The secret access key does not belong to this access key ID, or a character was lost when it was copied.',
        fix: 'Enter the secret access key again, or make a new access key in IAM.',
      }
    case 'RequestTimeTooSkewed':
      return {
        title: 'This machine’s clock is wrong',
        detail: 'AWS refuses requests whose time differs too much from its own.',
        cause: message || 'The clock differs by more than 5 minutes.',
        fix: 'Turn on time synchronisation (timedatectl set-ntp true) and check again.',
      }
    default:
      return {
        title: 'AWS does not know these credentials',
        detail: `AWS answered ${code}.`,
        cause: 'The access key ID does not exist, was deactivated or deleted, or its session token is wrong.',
        fix: 'Check the access key ID in IAM > Users > Security credentials, or enter another one.',
      }
  }
}

export function unreachable(fault: AwsFault, what: string): Diagnosis {
  const slow = /throttl|slowdown|toomany|limitexceeded/i.test(fault.code)
  return {
    title: `${what} could not be reached`,
    detail: slow
      ? 'AWS answered that this account calls too often. Nothing is known to be wrong with the key or the bucket.'
      : 'No usable answer came back. Nothing is known to be wrong with the key or the bucket.',
    cause: slow
      ? 'The account’s request quota is used up for the moment.'
      : (networkCause(fault) ?? `${fault.code}: ${fault.message}`),
    fix: slow
      ? 'Try again in a minute. If it stays, look at the account’s request quotas in Service Quotas, and at what else uses them up.'
      : 'Check this machine’s network, DNS, proxy and firewall, and that the endpoint is right; then check again.',
  }
}

function networkCause(fault: AwsFault): string | undefined {
  switch (fault.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name could not be resolved (${fault.message}).`
    case 'ECONNREFUSED':
      return `Nothing listens at that address (${fault.message}).`
    case 'TimeoutError':
    case 'ETIMEDOUT':
    case 'ECONNRESET':
      return 'The connection was cut or timed out.'
    case 'SyntaxError':
      return 'Something that is not AWS answered, such as a proxy or a captive portal.'
  }
  if (/CERT|SIGNED|ALTNAME|EPROTO/.test(fault.code)) return `The TLS connection is not trusted (${fault.message}).`
  if (fault.httpStatus !== undefined && fault.httpStatus < 300)
    return `The answer could not be read: it was damaged or cut off on its way, or did not come from AWS (${fault.message}).`
  if (fault.httpStatus !== undefined)
    return `AWS answered with a fault of its own (${fault.code}, HTTP ${fault.httpStatus}).`
  return undefined
}
