import { mayBeOff } from './region-is-off.ts'
import { type Changer, findRegion, type Remedy } from './schema.ts'

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

/**
 * What to do, for a text that stands alone: that of a job, of a mail, of a command. A fix that speaks of policies to add
 * then says where they are, and one that speaks of credentials, whose they are.
 * @param shownBy what shows the policies, as a sentence; undefined where nothing does
 * @param whose where the credentials come from, as a sentence; undefined where nobody has to be told
 */
export function fixAlone(
  { fix, who, remedies = [] }: Diagnosis,
  action: string,
  { shownBy, whose }: { readonly shownBy?: string | undefined; readonly whose?: string | undefined },
): string {
  if (who === 'credentials' && whose !== undefined) return `${fix} ${whose}`
  const isPolicy = remedies.some(({ formats }) => formats.some(({ format }) => format === 'json'))
  return isPolicy ? `${fix} ${shownBy ?? `What is added must allow ${action}.`}` : fix
}

/** What else is known of credentials that were refused. */
export interface RefusedWhere {
  /** Undefined where none was chosen. */
  readonly region?: string | undefined
  /** STS has said whose they are, so AWS knows them. */
  readonly known?: boolean
}

/** One credential fault has three names (KMS, S3, STS); the words are the same for all. */
export function credentialHelp(code: string, message: string, where: RefusedWhere = {}): Diagnosis {
  if (isScope(message)) return otherScope(message)
  switch (code) {
    case 'CredentialsProviderError':
      if (isSignIn(message)) return signInEnded(message)
      return {
        title: 'No credentials were found',
        detail: 'Nothing was sent to AWS, because this machine has no AWS credentials for this process.',
        // Each place that was asked, with what it said: see default-chain.ts.
        cause:
          message ||
          'The environment, the shared credentials file, web identity, container and instance metadata hold none.',
        who: 'credentials',
        // A machine of EC2 without a role says so; silence leaves both open.
        fix: /Instance metadata did not answer/.test(message)
          ? 'If this machine has a role, let it reach 169.254.169.254: in a container raise the hop limit as above, and look at firewall rules. Otherwise set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. If it is the console or a worker that lacks them, restart it then.'
          : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role. If it is the console or a worker that lacks them, restart it then.',
      }
    case 'ExpiredTokenException':
    case 'ExpiredToken':
    case 'TokenRefreshRequired':
      // STS AssumeRoleWithWebIdentity has the same code for the identity provider's token.
      if (/^Token expired/.test(message)) return credentialHelp('InvalidIdentityToken', message)
      return {
        title: 'The credentials have expired',
        detail: 'AWS knows these temporary credentials, but their session has ended.',
        cause: 'A session token is valid for a limited time.',
        who: 'credentials',
        fix: 'Get new temporary credentials, or use a role or an access key that renews itself.',
      }
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
      if (where.known)
        return {
          title: 'The request was changed on its way',
          detail:
            'The signature of this request does not match, although AWS STS took one with the same secret access key.',
          cause:
            'A proxy changes what is signed (host, headers or body), or what answers here is not AWS and has keys of its own.',
          who: 'network',
          fix: 'Let requests to AWS pass the proxy unchanged, or go around it; then check the endpoint, if one is set.',
        }
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
        fix: webIdentityFix(message),
      }
    case 'InvalidToken':
      if (where.known) return knownElsewhere(code, where.region)
      return {
        title: 'The session token is wrong',
        detail: 'AWS could not read the session token that came with the access key.',
        cause: `The session token is missing characters, or belongs to another access key ID.${alsoWhere(where).cause}`,
        who: 'credentials',
        fix: `Enter access key ID, secret and session token again, all three from the same session.${alsoWhere(where).fix}`,
      }
    case 'MissingAuthenticationTokenException':
    case 'MissingAuthenticationToken':
    case 'MissingSecurityHeader':
    case 'IncompleteSignatureException':
    case 'IncompleteSignature':
      return {
        title: 'The request arrived unsigned',
        detail: 'AWS found no complete signature on the request.',
        cause: 'Something between this console and AWS removed or changed the Authorization header.',
        who: 'network',
        fix: 'Let requests to AWS pass the proxy unchanged, or go around it.',
      }
    default:
      if (where.known) return knownElsewhere(code, where.region)
      return {
        title: 'AWS does not know these credentials',
        detail: `AWS answered ${code}.`,
        cause: `The access key ID does not exist, was deactivated or deleted, or its session token is wrong.${alsoWhere(where).cause}`,
        who: 'credentials',
        fix: `Check the access key ID in IAM > Users > Security credentials, or enter another one.${alsoWhere(where).fix}`,
      }
  }
}

/** What STS says with InvalidIdentityToken: AWS STS API reference, AssumeRoleWithWebIdentity. */
function webIdentityFix(message: string): string {
  if (/No OpenIDConnect provider/i.test(message))
    return 'In the account of the role, add the issuer that AWS names: IAM > Identity providers > Add provider.'
  if (/audience/i.test(message))
    return 'The token’s audience must be one that the provider knows (IAM > Identity providers), mostly sts.amazonaws.com: correct the one or the other.'
  if (/verification key/i.test(message))
    return 'AWS reads the issuer’s keys from its /.well-known/openid-configuration: look whether that and its jwks_uri are reachable from the internet with a valid certificate, and name the key of this token.'
  return 'Check the provider in IAM > Identity providers, and that AWS_WEB_IDENTITY_TOKEN_FILE names a fresh token.'
}

/** Of a profile that a person signs in for; what comes of GetRoleCredentials of IAM Identity Center is among it. */
const isSignIn = (message: string) =>
  /aws (sso )?login|^UnauthorizedException: Session token not found|^ForbiddenException: No access/.test(message)

function signInEnded(message: string): Diagnosis {
  const detail = 'Nothing was sent to AWS: the profile that gives this console its credentials signs in by SSO.'
  if (/^ForbiddenException/.test(message))
    return {
      title: 'The profile has lost its role',
      detail,
      cause: `IAM Identity Center gives the person of the profile no credentials of that role any more (${message}).`,
      who: 'credentials',
      fix: 'Whoever administers IAM Identity Center assigns the permission set again, or sso_account_id and sso_role_name in the profile are corrected.',
    }
  const command = /aws login/.test(message) ? 'aws login' : 'aws sso login'
  return {
    title:
      command === 'aws login' ? 'The sign-in of the profile has ended' : 'The SSO session of the profile has ended',
    detail,
    cause: message,
    who: 'credentials',
    fix: `Run ${command} with that profile, as the user that this console runs as, and check again. A console that runs unattended wants a role or an access key.`,
  }
}

const globalTokens = 'Session tokens of the global endpoint of STS (sts.amazonaws.com) are not good there either.'

/** AWS has the same words for credentials that are not good in this Region. */
function alsoWhere({ region }: RefusedWhere): { cause: string; fix: string } {
  const partition = region === undefined ? undefined : findRegion(region)?.partition
  if (region === undefined || partition === undefined) return { cause: '', fix: '' }
  if (partition !== 'aws')
    return {
      cause: ` Or they are of another partition: ${region} is in ${partition}, which has accounts of its own.`,
      fix: '',
    }
  if (!mayBeOff(region)) return { cause: '', fix: '' }
  return {
    cause: ` Or ${region} is not turned on in their account: AWS does not tell these apart.`,
    fix: ` If they work in other Regions, turn on ${region} in Account > AWS Regions. ${globalTokens}`,
  }
}

function knownElsewhere(code: string, region: string | undefined): Diagnosis {
  if (region === undefined || !mayBeOff(region))
    return {
      title: 'The service does not know these credentials',
      detail: `It answered ${code}, although AWS STS knows them.`,
      cause:
        'A new access key takes some minutes until every service of AWS knows it; what answers at an endpoint of your own may have keys of its own.',
      fix: 'Wait some minutes and check again; if it stays, check the endpoint, if one is set.',
    }
  return {
    title: `AWS does not know these credentials in ${region}`,
    detail: `AWS answered ${code}, although AWS STS knows them.`,
    cause: `The account has not turned on ${region}, or the session token is not good there: AWS does not tell these apart.`,
    who: 'account',
    fix: `Turn on ${region} in Account > AWS Regions, wait some minutes, and check again. ${globalTokens}`,
  }
}

/** Signed for another Region or service than the endpoint's: no word on the secret. */
const isScope = (message: string) => /credential (should|must) be scoped to/i.test(message)

function otherScope(message: string): Diagnosis {
  return {
    title: 'The endpoint is of another Region or service',
    detail: 'AWS refused a signature that is for another Region, or another service, than those of the endpoint.',
    cause: message,
    who: 'settings',
    fix: 'Choose the Region in which the endpoint is, or leave the endpoint empty. AWS_ENDPOINT_URL and its kind name endpoints as well.',
  }
}
