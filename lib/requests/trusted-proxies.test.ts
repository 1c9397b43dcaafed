import { expect, test } from 'vitest'
import { clientAddress, parseTrustedProxy, readAddress, trustedProxyList } from './trusted-proxies.ts'

test.each([
  ['10.0.0.5', '10.0.0.5/32'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['::1', '::1/128'],
  ['fd00::/8', 'fd00::/8'],
])('“%s” is the range %s', (text, range) => {
  expect(parseTrustedProxy(text)).toBe(range)
})

test.each([
  ...['', 'localhost', '10.1', '010.0.0.1', '10.0.0.1:80', '[::1]', '10.0.0.1 10.0.0.2'],
  ...['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/ 8', 'fd00::/129', '0.0.0.0/0', '::/0'],
])('“%s” is no range, or is everybody', (text) => {
  expect(parseTrustedProxy(text)).toBeUndefined()
})

test.each([
  ['203.0.113.9', '203.0.113.9'],
  [' 203.0.113.9:4711 ', '203.0.113.9'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::ffff:cb00:7109', '203.0.113.9'],
  ['fe80::1%eth0', 'fe80::1'],
])('“%s” is the address %s', (text, address) => {
  expect(readAddress(text)).toBe(address)
})

test.each([
  ...['', 'unknown', '_hidden', 'a.example', '1.2.3', '010.0.0.1', '0x7f.1', '2130706433', '1.2.3.4 x', '[::1', '::1]'],
])('“%s” is no address', (text) => {
  expect(readAddress(text)).toBeUndefined()
})

const trusted = ['127.0.0.1/32', '10.0.0.0/8', 'fd00::/8']
test.each<[string, string[], string | undefined, string | undefined, string | undefined]>([
  ['nobody is trusted', [], '127.0.0.1', '203.0.113.9', '127.0.0.1'],
  ['the peer is not trusted', trusted, '198.51.100.7', '203.0.113.9', '198.51.100.7'],
  ['a proxy', trusted, '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['a proxy that says nothing', trusted, '127.0.0.1', undefined, '127.0.0.1'],
  ['what the client sent itself stands left', trusted, '127.0.0.1', '192.0.2.1, 203.0.113.9', '203.0.113.9'],
  ['also when it names a trusted proxy', trusted, '127.0.0.1', '192.0.2.1, 10.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['two proxies', trusted, '127.0.0.1', '192.0.2.1, 203.0.113.9, 10.1.1.1', '203.0.113.9'],
  ['a client inside the range', trusted, '127.0.0.1', '10.1.1.1', '10.1.1.1'],
  ['a hop without an address', trusted, '127.0.0.1', '203.0.113.9, unknown, 10.1.1.1', '10.1.1.1'],
  ['an empty header', trusted, '127.0.0.1', '', '127.0.0.1'],
  ['IPv4 on an IPv6 socket', trusted, '::ffff:127.0.0.1', '203.0.113.9:55', '203.0.113.9'],
  ['IPv6', trusted, 'fd12::1', '[2001:db8::1]:443', '2001:db8::1'],
  ['a socket that has closed', trusted, undefined, '203.0.113.9', undefined],
])('%s', (_, ranges, peer, forwardedFor, address) => {
  expect(clientAddress(peer, forwardedFor, trustedProxyList(ranges))).toBe(address)
})
