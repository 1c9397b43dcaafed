import { describe, expect, test } from 'vitest'
import { outOfReach } from './address.ts'
import { endpointAddressProblem } from './connect-guard.ts'
import { type EndpointService, findRegion, parseAllowedEndpoint, parseEndpoint, regions } from './schema.ts'

const allowed = ['minio.example.test:9000', 'store.example.test', '10.0.0.5:9000', 'xn--bcher-kva.example.test']
const vpce = 'vpce-0e1bb1852241f8cc6-pzi0do8n'

describe('endpoints that are accepted', () => {
  test.each<[string, EndpointService, string, string | undefined]>([
    ['https://kms.us-east-1.amazonaws.com', 'kms', 'aws', 'us-east-1'],
    ['  https://kms.us-east-1.amazonaws.com/ ', 'kms', 'aws', 'us-east-1'],
    ['HTTPS://KMS.EU-CENTRAL-1.AMAZONAWS.COM', 'kms', 'aws', 'eu-central-1'],
    ['https://kms-fips.us-gov-west-1.amazonaws.com', 'kms', 'aws', 'us-gov-west-1'],
    ['https://kms.us-west-2.api.aws', 'kms', 'aws', 'us-west-2'],
    ['https://kms.cn-north-1.amazonaws.com.cn', 'kms', 'aws', 'cn-north-1'],
    ['https://kms.us-east-1.amazonaws.com:443', 'kms', 'aws', 'us-east-1'],
    [`https://${vpce}.kms.us-east-1.vpce.amazonaws.com`, 'kms', 'vpc', 'us-east-1'],
    [`https://${vpce}-us-east-1a.kms.us-east-1.vpce.amazonaws.com`, 'kms', 'vpc', 'us-east-1'],
    [`https://${vpce}.kms.cn-northwest-1.vpce.amazonaws.com.cn`, 'kms', 'vpc', 'cn-northwest-1'],
    [`https://${vpce}.kms-fips.us-east-2.vpce.amazonaws.com`, 'kms', 'vpc', 'us-east-2'],
    ['https://s3.amazonaws.com', 's3', 'aws', 'us-east-1'],
    ['https://s3.eu-west-1.amazonaws.com', 's3', 'aws', 'eu-west-1'],
    ['https://s3.dualstack.eu-west-1.amazonaws.com', 's3', 'aws', 'eu-west-1'],
    ['https://s3-fips.dualstack.us-east-1.amazonaws.com', 's3', 'aws', 'us-east-1'],
    [`https://bucket.${vpce}.s3.us-east-1.vpce.amazonaws.com`, 's3', 'vpc', 'us-east-1'],
    ['https://minio.example.test:9000', 's3', 'own', undefined],
    ['https://MINIO.example.test:9000/', 's3', 'own', undefined],
    ['https://store.example.test', 'kms', 'own', undefined],
    ['https://store.example.test:443', 'kms', 'own', undefined],
    ['https://10.0.0.5:9000', 's3', 'own', undefined],
    ['https://xn--bcher-kva.example.test', 's3', 'own', undefined],
  ])('%s for %s', (text, service, kind, region) => {
    expect(parseEndpoint(text, service, allowed)).toEqual({
      ok: true,
      endpoint: { url: new URL(text.trim()).origin, kind, region },
    })
  })

  test('of every Region there is', () => {
    for (const { id, partition } of regions) {
      const suffix = { aws: 'amazonaws.com', 'aws-us-gov': 'amazonaws.com', 'aws-cn': 'amazonaws.com.cn' }
      const end = Object.entries(suffix).find(([name]) => name === partition)?.[1]
      if (end)
        for (const service of ['kms', 's3'] as const)
          expect(parseEndpoint(`https://${service}.${id}.${end}`, service, [])).toMatchObject({ ok: true })
    }
    expect(findRegion('us-east-1')).toBeDefined()
  })
})

/** A sentence each, in words for whoever typed it. */
const refusedAsWritten: [string, RegExp][] = [
  // not https
  ['http://kms.us-east-1.amazonaws.com', /https/],
  ['ftp://kms.us-east-1.amazonaws.com', /https/],
  ['file:///etc/passwd', /https/],
  ['gopher://kms.us-east-1.amazonaws.com', /https/],
  ['kms.us-east-1.amazonaws.com', /Start with/],
  ['//kms.us-east-1.amazonaws.com', /Start with/],
  ['https:kms.us-east-1.amazonaws.com', /Start with/],
  ['javascript:alert(1)', /Start with/],
  // user names, and what hides a host behind one
  ['https://user@kms.us-east-1.amazonaws.com', /user name/],
  ['https://user:secret@kms.us-east-1.amazonaws.com', /user name/],
  ['https://kms.us-east-1.amazonaws.com@evil.example', /user name/],
  ['https://kms.us-east-1.amazonaws.com%40evil.example', /“%”/],
  ['https://kms.us-east-1.amazonaws.com\\@evil.example', /user name/],
  ['https://evil.example\\.kms.us-east-1.amazonaws.com', /user name/],
  // more than host and port
  ['https://kms.us-east-1.amazonaws.com/path', /no path/],
  ['https://kms.us-east-1.amazonaws.com//', /no path/],
  ['https://kms.us-east-1.amazonaws.com?x=1', /no path/],
  ['https://evil.example#.kms.us-east-1.amazonaws.com', /no path/],
  ['https://evil.example/.kms.us-east-1.amazonaws.com', /no path/],
  ['https://evil.example?.amazonaws.com', /no path/],
  // dots at the end, and double ones
  ['https://kms.us-east-1.amazonaws.com.', /end in a dot/],
  ['https://kms.us-east-1.amazonaws.com..', /end in a dot/],
  ['https://kms.us-east-1.amazonaws.com.:443', /end in a dot/],
  ['https://kms..us-east-1.amazonaws.com', /not a host name/],
  ['https://.kms.us-east-1.amazonaws.com', /not a host name/],
  ['https://', /host name|no path/],
  // ports
  ['https://kms.us-east-1.amazonaws.com:8443', /443/],
  ['https://kms.us-east-1.amazonaws.com:22', /443/],
  ['https://kms.us-east-1.amazonaws.com:0', /port/],
  ['https://kms.us-east-1.amazonaws.com:00443', /port/],
  ['https://kms.us-east-1.amazonaws.com:', /port/],
  ['https://kms.us-east-1.amazonaws.com:99999', /not a host name/],
  ['https://minio.example.test:9001', /VAULT_ALLOWED_ENDPOINTS/],
  ['https://minio.example.test', /VAULT_ALLOWED_ENDPOINTS/],
  // addresses, in every way they are written
  ['https://127.0.0.1', /IP address/],
  ['https://127.1', /written in another way/],
  ['https://2130706433', /written in another way/],
  ['https://017700000001', /written in another way/],
  ['https://0177.0.0.1', /written in another way/],
  ['https://0x7f000001', /written in another way/],
  ['https://0x7f.0x0.0x0.0x1', /written in another way/],
  ['https://0', /written in another way/],
  ['https://169.254.169.254', /IP address/],
  ['https://2852039166', /written in another way/],
  ['https://0xa9fea9fe', /written in another way/],
  ['https://169.254.170.2', /IP address/],
  ['https://10.0.0.5', /IP address/],
  ['https://192.168.1.1', /IP address/],
  ['https://8.8.8.8', /IP address/],
  ['https://[::1]', /IP address/],
  ['https://[0:0:0:0:0:0:0:1]', /written in another way/],
  ['https://[::ffff:127.0.0.1]', /written in another way/],
  ['https://[::ffff:7f00:1]', /IP address/],
  ['https://[::ffff:a9fe:a9fe]', /IP address/],
  ['https://[fd00:ec2::254]', /IP address/],
  ['https://[fe80::1]', /IP address/],
  ['https://[fe80::1%25eth0]', /“%”/],
  ['https://[64:ff9b::a9fe:a9fe]', /IP address/],
  ['https://[2002:7f00:1::]', /IP address/],
  // names of this machine, of metadata, and of others
  ['https://localhost', /this machine/],
  ['https://LOCALHOST', /this machine/],
  ['https://localhost.localdomain', /not an address of AWS/],
  ['https://metadata.google.internal', /not an address of AWS/],
  ['https://127.0.0.1.nip.io', /not an address of AWS/],
  ['https://evil.example', /not an address of AWS/],
  ['https://amazonaws.com.evil.example', /not an address of AWS/],
  ['https://kms.us-east-1.amazonaws.com.evil.example', /not an address of AWS/],
  ['https://kms.us-east-1.amazonaws.co', /not an address of AWS/],
  ['https://evilamazonaws.com', /not an address of AWS/],
  ['https://kms-us-east-1.amazonaws.com', /below AWS’s/],
  // names below AWS's that anybody may rent
  ['https://ec2-203-0-113-9.compute-1.amazonaws.com', /below AWS’s/],
  ['https://evil.s3.us-east-1.amazonaws.com', /below AWS’s/],
  ['https://abc123.execute-api.us-east-1.amazonaws.com', /below AWS’s/],
  ['https://evil-1.us-east-1.elb.amazonaws.com', /below AWS’s/],
  ['https://evil.kms.us-east-1.amazonaws.com', /below AWS’s/],
  ['https://kms.us-nowhere-1.amazonaws.com', /below AWS’s/],
  ['https://kms.us-east-1.amazonaws.com.cn', /below AWS’s/],
  ['https://kms.cn-north-1.amazonaws.com', /below AWS’s/],
  ['https://vpce-1.kms.us-east-1.amazonaws.com', /below AWS’s/],
  [`https://${vpce}.ec2.us-east-1.vpce.amazonaws.com`, /below AWS’s/],
  ['https://s3.us-east-1.amazonaws.com', /Amazon S3, not of AWS KMS/],
  // letters that look like others
  ['https://kms.us-east-1.аmazonaws.com', /look like another name/],
  ['https://ｋms.us-east-1.amazonaws.com', /look like another name/],
  ['https://kms。us-east-1。amazonaws。com', /look like another name/],
  ['https://xn--mazonaws-1fg.com', /look like another name/],
  ['https://kms.us-east-1.amazonaws.com\u200b', /look like another name/],
  // white space and control characters, which parsers drop without a word
  ['https://kms.us-east-1.\tamazonaws.com', /spaces/],
  ['https://evil.example\n.amazonaws.com', /spaces/],
  ['https://kms.us-east-1.amazonaws.com\u0000.evil.example', /spaces/],
  ['https:// kms.us-east-1.amazonaws.com', /spaces/],
]

describe('endpoints that are refused as written', () => {
  test.each(refusedAsWritten)('%j', (text, words) => {
    const parsed = parseEndpoint(text, 'kms', allowed)
    expect(parsed).toEqual({ ok: false, message: expect.stringMatching(words) })
  })
  test('an endpoint of a VPC for Amazon S3 needs “bucket.” before it', () => {
    expect(parseEndpoint(`https://${vpce}.s3.us-east-1.vpce.amazonaws.com`, 's3', [])).toEqual({
      ok: false,
      message: expect.stringContaining(`https://bucket.${vpce}.s3.us-east-1.vpce.amazonaws.com`),
    })
  })
})

describe('VAULT_ALLOWED_ENDPOINTS', () => {
  test.each([
    ['minio.example.test:9000', 'minio.example.test:9000'],
    ['https://minio.example.test:9000', 'minio.example.test:9000'],
    ['https://STORE.example.test/', 'store.example.test'],
    ['store.example.test:443', 'store.example.test'],
    ['localhost:9000', 'localhost:9000'],
  ])('%s', (text, host) => {
    expect(parseAllowedEndpoint(text)).toEqual({ ok: true, host })
  })
  test.each(['', 'http://minio.example.test', 'https://a@b', 'minio.example.test.', '0x7f.1', '*.example.test', 'a/b'])(
    '%j is not taken',
    (text) => {
      expect(parseAllowedEndpoint(text)).toMatchObject({ ok: false })
    },
  )
})

const anywhere = ['public', 'private', 'loopback'] as const
test.each<[string, (typeof anywhere)[number][]]>([
  ['3.5.140.2', ['public', 'private', 'loopback']],
  ['2600:1f14:abc::1', ['public', 'private', 'loopback']],
  ['172.32.0.1', ['public', 'private', 'loopback']],
  ['100.128.0.1', ['public', 'private', 'loopback']],
  ['10.0.0.1', ['private', 'loopback']],
  ['172.16.0.1', ['private', 'loopback']],
  ['172.31.255.255', ['private', 'loopback']],
  ['192.168.0.1', ['private', 'loopback']],
  ['100.64.0.1', ['private', 'loopback']],
  ['fd12:3456::1', ['private', 'loopback']],
  ['127.0.0.1', ['loopback']],
  ['127.255.255.254', ['loopback']],
  ['::1', ['loopback']],
  ['0.0.0.0', []],
  ['169.254.169.254', []],
  ['169.254.170.2', []],
  ['169.254.170.23', []],
  ['100.100.100.200', []],
  ['168.63.129.16', []],
  ['168.63.129.17', ['public', 'private', 'loopback']],
  ['192.0.0.192', []],
  ['192.0.2.1', []],
  ['198.18.0.1', []],
  ['224.0.0.1', []],
  ['255.255.255.255', []],
  ['::', []],
  ['::7f00:1', []],
  ['::ffff:127.0.0.1', []],
  ['::ffff:10.0.0.1', []],
  ['::ffff:3.5.140.2', []],
  ['::ffff:0:a9fe:a9fe', []],
  ['64:ff9b::a9fe:a9fe', []],
  ['64:ff9b:1::7f00:1', []],
  ['2002:a9fe:a9fe::', []],
  ['2001:0:4136:e378::1', []],
  ['2001:db8::1', []],
  ['fd00:ec2::254', []],
  ['fd00:ec2::23', []],
  ['fd20:ce::254', []],
  ['fd00:c1::a9fe:a9fe', []],
  ['fe80::1', []],
  ['fe80::1%lo', []],
  ['fec0::1', []],
  ['ff02::1', []],
  ['kms.us-east-1.amazonaws.com', []],
])('%s may be reached as %j', (address, reachable) => {
  expect(anywhere.filter((reach) => outOfReach(address, reach) === undefined)).toEqual(reachable)
})

describe('what a name leads to is judged before it is used', () => {
  const parsed = (text: string, service: EndpointService = 'kms', list = allowed) => {
    const result = parseEndpoint(text, service, list)
    if (!result.ok) throw new Error(result.message)
    return result.endpoint
  }
  const answering =
    (...addresses: string[]) =>
    (_: string, __: object, done: (error: null, found: { address: string; family: number }[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
  const aws = parsed('https://kms.us-east-1.amazonaws.com')
  const vpc = parsed(`https://${vpce}.kms.us-east-1.vpce.amazonaws.com`)
  const own = parsed('https://store.example.test')

  test.each([
    [aws, ['3.5.140.2']],
    [vpc, ['3.5.140.2']],
    [vpc, ['10.0.0.7', '100.64.1.2', 'fd12::7']],
    [own, ['192.168.7.7']],
    [parsed('https://10.0.0.5:9000', 's3'), []],
    [parsed('https://127.0.0.1:9000', 's3', ['127.0.0.1:9000']), []],
    [parsed('https://localhost:9000', 's3', ['localhost:9000']), ['127.0.0.1', '::1']],
  ])('$url may lead to %j', async (endpoint, addresses) => {
    expect(await endpointAddressProblem(endpoint, answering(...addresses))).toBeUndefined()
  })
  test.each([
    [aws, ['10.0.0.7']],
    [aws, ['3.5.140.2', '10.0.0.7']],
    [aws, ['127.0.0.1']],
    [vpc, ['127.0.0.1']],
    [vpc, ['10.0.0.7', '169.254.169.254']],
    [vpc, ['::ffff:10.0.0.7']],
    [own, ['127.0.0.1']],
    [own, ['::1']],
    [own, ['169.254.170.2']],
    [own, ['fd00:ec2::254']],
    [own, ['3.5.140.2', 'fe80::1']],
    [parsed('https://169.254.169.254', 's3', ['169.254.169.254']), []],
    [parsed('https://[fd00:ec2::254]', 's3', ['[fd00:ec2::254]']), []],
  ])('$url may not lead to %j', async (endpoint, addresses) => {
    const problem = await endpointAddressProblem(endpoint, answering(...addresses))
    expect(problem).toMatch(/ is .+: this console does not connect there\. .+\.$/)
  })
})
