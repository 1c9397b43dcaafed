import type { AwsFault } from './fault.ts'

/** The proxy itself said no: somebody has to change something, and AWS has said nothing at all. */
export const isProxyRefusal = (code: string): boolean => code === 'EPROXYAUTH' || code === 'EPROXYREFUSED'

/** A fault of the proxy that HTTPS_PROXY names; undefined for any other. */
export function proxyTrouble({
  code,
  message,
}: Pick<AwsFault, 'code' | 'message'>): { readonly cause: string; readonly fix: string } | undefined {
  const what = message.replace(`${code} `, '')
  const restart = 'restart the console and its workers'
  switch (code) {
    case 'EPROXYAUTH':
      return {
        cause: `The proxy that HTTPS_PROXY names asks for a user and a password, or does not know those that it was given (${what}).`,
        fix: `Correct them in HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT; Basic is what this console can), and ${restart}.`,
      }
    case 'EPROXYREFUSED':
      return {
        cause: `The proxy that HTTPS_PROXY names does not let this console through to that host (${what}).`,
        fix: `Whoever runs the proxy allows CONNECT to that host and port; or, where this machine reaches the host directly, name it in NO_PROXY and ${restart}.`,
      }
    case 'EPROXYUPSTREAM':
      return {
        cause: `The proxy that HTTPS_PROXY names does not reach that host (${what}).`,
        fix: `Try again in a minute. If it stays, whoever runs the proxy looks at its log, its DNS and its way out; a host that this machine reaches directly, such as a VPC endpoint, belongs in NO_PROXY.`,
      }
    case 'EPROXYAWAY':
      return {
        cause: `The proxy that HTTPS_PROXY names could not be reached (${what}).`,
        fix: /certificate/.test(what)
          ? `Name the file of the authority that signed the proxy’s certificate in NODE_EXTRA_CA_CERTS, and ${restart}.`
          : `Check that it runs and that this machine reaches it. If HTTPS_PROXY names another, correct it and ${restart}.`,
      }
    default:
      return undefined
  }
}
