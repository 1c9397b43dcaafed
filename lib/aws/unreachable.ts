import type { Diagnosis } from './diagnosis.ts'
import { isKeyStoreOutage, keyStoreAway } from './external-key-store.ts'
import { type AwsFault, throttledBy } from './fault.ts'
import { proxyTrouble } from './proxy-trouble.ts'
import type { Changer } from './schema.ts'

/**
 * Who throttles was reached and says so itself; of faults of the network nobody says anything. Both leave open whether
 * anything is wrong.
 */
export function unreachable(fault: AwsFault, what: string): Diagnosis {
  if (isKeyStoreOutage(fault.code, fault.message)) return keyStoreAway(fault.message)
  const nothingKnown = 'Nothing is known to be wrong with the key or the bucket.'
  const throttled = throttledBy(fault)
  if (throttled === 'store') {
    return {
      title: `${what} throttles requests`,
      detail: `S3 answered that requests come too fast. ${nothingKnown}`,
      cause: 'S3 takes so many requests a second for each prefix, and more only after a load has lasted for some time.',
      who: 'wait',
      fix: 'Try again in a minute. If it stays, look for what else reads or writes this bucket; other stores than AWS’s have limits of their own.',
    }
  }
  if (throttled === 'account') {
    return {
      title: `${what} throttles requests`,
      detail: `The answer was that this account calls too often. ${nothingKnown}`,
      cause: 'A quota of requests is used up for the moment.',
      who: 'wait',
      fix: 'Try again in a minute. If it stays, look for what else uses it up: AWS shows the account’s request quotas in Service Quotas, other stores have limits of their own.',
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

/** Where the direct way is closed or broken open. */
const directly = 'If only a proxy leads out of this network, set HTTPS_PROXY and restart the console and its workers.'

type Outage = { cause: string; who: Changer; fix: string }
const network = (cause: string, fix: string): Outage => ({ cause, who: 'network', fix })

function outage(fault: AwsFault): Outage {
  const { code, message, httpStatus } = fault
  const ofProxy = proxyTrouble(fault)
  if (ofProxy) return network(ofProxy.cause, ofProxy.fix)
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return network(
        `The host name could not be resolved (${message}).`,
        `Check this machine’s DNS, and the endpoint if one is set; then check again. ${directly}`,
      )
    case 'ECONNREFUSED':
      return network(
        `Nothing listens at that address (${message}).`,
        'Check the endpoint and the firewall; then check again.',
      )
    case 'TimeoutError':
    case 'ETIMEDOUT':
    case 'ECONNRESET':
      return network(
        'The connection was cut or timed out.',
        `Let this machine reach AWS on port 443: look at firewall, security group, route and proxy; then check again. If small requests pass and large ones do not, packets are too large for a VPN or tunnel on the way: lower the MTU of this machine’s interface. ${directly}`,
      )
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
      return network(
        `This machine has no way to that address (${message}).`,
        'Look at its routes, security group and gateway. Where it has IPv6 alone, AWS_USE_DUALSTACK_ENDPOINT=true makes it ask for addresses that it reaches.',
      )
    case 'CredentialsAwayError':
      return {
        cause: `This machine’s metadata, where its credentials come from, gives none now. ${message}`,
        who: 'credentials',
        fix: 'Try again in a minute. If it stays, look whether the machine or container still has its role, and whether it reaches its metadata.',
      }
    case 'OperationAborted':
    case 'ConditionalRequestConflict':
      return {
        cause: `Another request on the same object or bucket is under way (${code}).`,
        who: 'wait',
        fix: 'Try again in a minute.',
      }
    case 'IncompleteBody':
      return network(
        'An upload arrived only in part.',
        'Try again. If it stays, look for a proxy or firewall that cuts uploads off.',
      )
    case 'SyntaxError':
      return network(
        `Something that is not AWS answered, such as a proxy or a captive portal${httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`}.`,
        'Let requests to AWS pass the proxy unchanged, or go around it; then check again.',
      )
  }
  if (isOfTls(code)) return tls(code, message)
  if (httpStatus === 307)
    return {
      cause:
        'The bucket is so new that its name does not lead to its Region yet: S3 answered with a temporary redirect.',
      who: 'wait',
      fix: 'Try again later: it takes minutes, and at most some hours.',
    }
  if (httpStatus !== undefined && httpStatus < 300)
    return network(
      `The answer could not be read: it was damaged or cut off on its way, or did not come from AWS (${message}).`,
      'Look for what lies between this console and AWS and changes answers; then check again.',
    )
  if (httpStatus !== undefined)
    return {
      cause: `The service answered with a fault of its own (${code}, HTTP ${httpStatus}).`,
      who: 'wait',
      fix: 'Try again in a few minutes. If it stays, look at health.aws.amazon.com for this Region, or at the log of a store of your own.',
    }
  return network(
    `${code}: ${message}`,
    'Check this machine’s network, DNS, proxy and firewall, and that the endpoint is right; then check again.',
  )
}

/** Node's and OpenSSL's codes: Node.js documentation, "X509 certificate error codes". */
const isOfTls = (code: string) => /CERT|_SIGNATURE$|SELF_SIGNED|ALTNAME|^EPROTO$|^ERR_(SSL|TLS)_/.test(code)

function tls(code: string, message: string): Outage {
  if (/CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(code))
    return network(
      `The TLS certificate of what answers there is not valid now (${message}).`,
      'Look whether this machine’s clock is right; otherwise whoever runs what answers there renews its certificate.',
    )
  if (/ALTNAME/.test(code))
    return network(
      `The TLS certificate of what answers there is one for another name (${message}).`,
      'Enter the endpoint by a name that its certificate has, or look for a proxy that answers in its place.',
    )
  if (/wrong version number|WRONG_VERSION_NUMBER|http request|packet length too long/i.test(`${code} ${message}`))
    return network(
      'What answers at that address does not speak TLS.',
      'Check the port of the endpoint, and look for a proxy that answers in its place.',
    )
  if (/^(EPROTO|ERR_SSL_)/.test(code))
    return network(
      `No TLS connection came about (${message}).`,
      'Look for a firewall or a proxy that breaks TLS connections open, and whether the endpoint takes TLS 1.2 or later.',
    )
  return network(
    `The TLS connection is not trusted (${message}).`,
    'If a proxy that opens TLS connections, or a store of your own, signs its certificates itself, name the file of its authority in NODE_EXTRA_CA_CERTS and restart the console and its workers.',
  )
}
