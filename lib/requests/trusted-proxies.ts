import { BlockList, isIP, SocketAddress } from 'node:net'

/**
 * One entry of VAULT_TRUSTED_PROXIES: an address, or a range in CIDR notation.
 * @returns it as a range; undefined when it is neither, or when it is everybody
 */
export function parseTrustedProxy(text: string): string | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const longest = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : 0
  if (rest.length > 0 || prefix < 1 || prefix > longest || readAddress(address) === undefined) return undefined
  return `${address}/${prefix}`
}

/** @param ranges as `parseTrustedProxy` gives them */
export function trustedProxyList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), familyOf(address))
  }
  return list
}

/**
 * Who sent a request: the socket's peer, or, where that is a trusted proxy, whom it names, and so on from the right of
 * `X-Forwarded-For`. What stands left of the first address that is not trusted was sent by whoever has that address.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: BlockList,
): string | undefined {
  const hops = forwardedFor?.split(',') ?? []
  let address = readAddress(peer ?? '')
  while (address !== undefined && trusted.check(address, familyOf(address))) {
    const next = readAddress(hops.pop() ?? '')
    if (next === undefined) break
    address = next
  }
  return address
}

/** The usual form of an address, without the port that some proxies add. Undefined for what is none. */
export function readAddress(text: string): string | undefined {
  const [, bracketed, beforePort] = /^(?:\[(.+)\]|([\d.]+))(?::\d+)?$/.exec(text.trim()) ?? []
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  const address = (bracketed ?? beforePort ?? text.trim()).replace(/%.*$/, '')
  if (isIP(address) === 0) return undefined
  // A socket that listens on `::` gives IPv4 in this form.
  return new SocketAddress({ address, family: familyOf(address) }).address.replace(/^::ffff:(?=\d+\.)/, '')
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
