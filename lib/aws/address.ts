import { BlockList, isIP } from 'node:net'

/** How near an address may be: on the internet only, in private networks as well, or even this machine. */
export type Reach = 'public' | 'private' | 'loopback'

// One list a family: in a mixed one, the rule for IPv4-mapped addresses matches every IPv4 address (Node 24).
const loopback = lists(['127.0.0.0/8'], ['::1/128'])
const privateNetworks = lists(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7'])
// IANA's special-purpose address registries (RFC 6890 and later), and where clouds keep their metadata.
const nowhere = lists(
  [
    '0.0.0.0/8', // this network
    '169.254.0.0/16', // link-local: metadata of instances (…169.254) and containers (…170.2, …170.23)
    '100.100.100.200/32', // metadata at another cloud
    '168.63.129.16/32', // the platform of another, which looks like an address of the internet
    '192.0.0.0/24',
    '192.0.2.0/24', // documentation
    '192.88.99.0/24', // 6to4 relays
    '198.18.0.0/15', // benchmarks
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4', // multicast
    '240.0.0.0/4', // reserved, broadcast
  ],
  [
    '::/96', // unspecified, IPv4-compatible; ::1 is told apart before
    '::ffff:0:0/96', // IPv4-mapped: a way round a check, whatever is inside
    '::ffff:0:0:0/96', // IPv4-translated
    '64:ff9b::/96', // NAT64
    '64:ff9b:1::/48',
    '100::/64', // discard
    '2001::/23', // Teredo and other protocols
    '2001:db8::/32', // documentation
    '2002::/16', // 6to4
    '3fff::/20', // documentation
    '5f00::/16', // segment routing
    'fd00:ec2::/32', // metadata at AWS
    'fd20:ce::/64', // and at other clouds
    'fd00:c1::a9fe:a9fe/128',
    'fe80::/10', // link-local
    'fec0::/10', // site-local
    'ff00::/8', // multicast
  ],
)

export const thisMachine = 'this machine itself'

/** What is wrong with an address, to stand after “which is”; undefined when a connection to it is allowed. */
export function outOfReach(address: string, reach: Reach): string | undefined {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const family = isIP(plain)
  if (family === 0) return 'not an IP address'
  const within = (list: ReturnType<typeof lists>) =>
    family === 6 ? list.v6.check(plain, 'ipv6') : list.v4.check(plain, 'ipv4')
  if (within(loopback)) return reach === 'loopback' ? undefined : thisMachine
  if (within(nowhere)) return 'link-local, metadata, multicast or reserved'
  if (within(privateNetworks)) return reach === 'public' ? 'in a private network' : undefined
  return undefined
}

function lists(v4: readonly string[], v6: readonly string[]): { v4: BlockList; v6: BlockList } {
  const listOf = (subnets: readonly string[], family: 'ipv4' | 'ipv6') => {
    const list = new BlockList()
    for (const subnet of subnets) {
      const [base = '', bits] = subnet.split('/')
      list.addSubnet(base, Number(bits), family)
    }
    return list
  }
  return { v4: listOf(v4, 'ipv4'), v6: listOf(v6, 'ipv6') }
}
