import { describe, expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { isProxied, proxyIn } from './proxy.ts'
import { settingsOf } from './proxy-for-tests.ts'

const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`

describe('the proxy', () => {
  test.each<[Record<string, string>, string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ HTTPS_PROXY: '' }, undefined, undefined],
    [{ HTTP_PROXY: 'http://proxy.test:3128' }, undefined, undefined],
    [{ HTTPS_PROXY: 'http://proxy.test:3128' }, 'http://proxy.test:3128', undefined],
    [
      { https_proxy: ' http://lower.test:3128/ ', HTTPS_PROXY: 'http://upper.test' },
      'http://lower.test:3128',
      undefined,
    ],
    [{ HTTPS_PROXY: 'proxy.test:3128' }, 'http://proxy.test:3128', undefined],
    [{ HTTPS_PROXY: 'https://proxy.test' }, 'https://proxy.test', undefined],
    [{ HTTPS_PROXY: 'http://[fd00::7]:3128' }, 'http://[fd00::7]:3128', undefined],
    [{ HTTPS_PROXY: 'http://me:p%40ss%3A@proxy.test:1' }, 'http://proxy.test:1', basic('me:p@ss:')],
    [{ HTTPS_PROXY: 'http://me:100%@proxy.test:1' }, 'http://proxy.test:1', basic('me:100%')],
    [{ HTTPS_PROXY: 'me@proxy.test:1' }, 'http://proxy.test:1', basic('me:')],
  ])('%o', (variables, url, authorization) => {
    const found = proxyIn(variables)
    expect({ url: found?.url, authorization: found?.authorization }).toEqual({ url, authorization })
  })

  test.each([
    ['HTTPS_PROXY', 'socks5://me:hunter2@proxy.test:1080'],
    ['https_proxy', 'http://me:hunter2@proxy.test:99999'],
    ['HTTPS_PROXY', 'http://'],
    ['HTTPS_PROXY', 'http://me:hunter2@pro xy.test'],
  ])('%s=%s is refused, and nothing of it is said', (name, value) => {
    const read = () => proxyIn({ [name]: value })
    expect(read).toThrow(AppError)
    expect(read).toThrow(name)
    expect(read).not.toThrow(/hunter2|proxy\.test/)
  })
})

describe('what goes beside it', () => {
  const kms = 'kms.us-east-1.amazonaws.com'
  test.each<[string, string, boolean]>([
    ['', kms, true],
    ['', 'localhost', false],
    ['', 'bucket.localhost', false],
    ['', '127.0.0.1', false],
    ['', '127.8.9.10', false],
    ['', '::1', false],
    ['', '169.254.169.254', false],
    ['', '169.254.170.2', false],
    ['', '169.254.170.23', false],
    ['', 'fd00:ec2::254', false],
    ['', '10.1.2.3', true],
    ['*', kms, false],
    [kms, kms, false],
    ['KMS.us-east-1.amazonaws.com', kms, false],
    ['amazonaws.com', kms, false],
    ['.amazonaws.com', kms, false],
    ['*.amazonaws.com', kms, false],
    ['zonaws.com', kms, true],
    ['s3.us-east-1.amazonaws.com', kms, true],
    ['other.test, amazonaws.com', kms, false],
    ['other.test amazonaws.com', kms, false],
    [`${kms}:443`, kms, false],
    [`${kms}:9000`, kms, true],
    ['10.0.0.0/8', '10.1.2.3', false],
    ['10.0.0.0/8', '11.1.2.3', true],
    ['10.1.2.3', '10.1.2.3', false],
    ['10.1.2.3', '110.1.2.3', true],
    ['fd00::/8', 'fd12::1', false],
    ['fd00::/8', 'fe12::1', true],
    ['[fd12::1]:443', 'fd12::1', false],
    ['fd12::1', 'fd12::1', false],
    ['10.0.0.0/99,10.0.0.0/x', '10.1.2.3', true],
    ['0.0.0.0/0', kms, true],
  ])('NO_PROXY=%s and %s: proxied %s', (except, host, proxied) => {
    expect(isProxied(settingsOf('http://proxy.test', except), host, 443)).toBe(proxied)
  })
})
