import { homedir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEnv } from './env.ts'
import { AppError } from './errors.ts'

test('nothing set', () => {
  const data = path.resolve('.data')
  expect(readEnv({})).toEqual({
    port: 3000,
    host: '127.0.0.1',
    publicUrl: 'http://localhost:3000',
    trustedProxies: [],
    dataDir: data,
    databaseUrl: undefined,
    aws: 'sandbox',
    admin: undefined,
    sourceRoots: [path.join(data, 'sample')],
    restoreRoots: [path.join(data, 'restores')],
    hostedBucket: 'vault-hosted-{region}',
    allowedEndpoints: [],
    proxy: undefined,
    awsVariables: {},
    configFile: undefined,
    sealHealth: { everyMs: 600_000, unhealthyEveryMs: 60_000 },
    keyHealth: { everyMs: 900_000, unhealthyEveryMs: 60_000 },
    sealVariables: {},
    workers: 1,
  })
})

describe('what is set', () => {
  test.each<[Record<string, string>, Partial<ReturnType<typeof readEnv>>]>([
    [{ PORT: '8080' }, { port: 8080, publicUrl: 'http://localhost:8080' }],
    [{ PORT: ' 8080 ' }, { port: 8080 }],
    [{ PORT: '1' }, { port: 1 }],
    [{ PORT: '65535' }, { port: 65_535 }],
    [{ PORT: '' }, { port: 3000 }],
    [{ PORT: '  ' }, { port: 3000 }],
    [{ VAULT_HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
    [{ VAULT_KEY_HEALTH_SECONDS: '300' }, { keyHealth: { everyMs: 300_000, unhealthyEveryMs: 60_000 } }],
    [{ VAULT_KEY_UNHEALTHY_SECONDS: '5' }, { keyHealth: { everyMs: 900_000, unhealthyEveryMs: 5_000 } }],
    [{ VAULT_HOST: '' }, { host: '127.0.0.1' }],
    [{ VAULT_PUBLIC_URL: 'https://vault.example.com/' }, { publicUrl: 'https://vault.example.com' }],
    [{ VAULT_PUBLIC_URL: 'https://vault.example.com//', PORT: '8080' }, { publicUrl: 'https://vault.example.com' }],
    [
      { VAULT_TRUSTED_PROXIES: ' 127.0.0.1, 10.0.0.0/8,::1 , fd00::/8,' },
      { trustedProxies: ['127.0.0.1/32', '10.0.0.0/8', '::1/128', 'fd00::/8'] },
    ],
    [{ VAULT_DATA_DIR: '/srv/vault' }, { dataDir: '/srv/vault', sourceRoots: ['/srv/vault/sample'] }],
    [{ VAULT_DATA_DIR: 'relative/../vault' }, { dataDir: path.resolve('vault') }],
    [{ VAULT_DATA_DIR: '~/vault' }, { dataDir: path.join(homedir(), 'vault') }],
    [{ VAULT_DATA_DIR: '~' }, { dataDir: homedir() }],
    [{ VAULT_DATA_DIR: '/srv/~vault' }, { dataDir: '/srv/~vault' }],
    [
      { DATABASE_URL: 'postgresql://vault@db.example.test/vault' },
      { databaseUrl: 'postgresql://vault@db.example.test/vault' },
    ],
    [{ VAULT_SOURCE_ROOTS: '/a:/b/../c:' }, { sourceRoots: ['/a', '/c'] }],
    [{ VAULT_SOURCE_ROOTS: '~/a:/b' }, { sourceRoots: [path.join(homedir(), 'a'), '/b'] }],
    [{ VAULT_RESTORE_ROOTS: 'a' }, { restoreRoots: [path.resolve('a')] }],
    [{ VAULT_HOSTED_BUCKET: 'backups-{region}' }, { hostedBucket: 'backups-{region}' }],
    [
      { VAULT_ALLOWED_ENDPOINTS: ' minio.example.test:9000, https://Store.example.test/ ,' },
      { allowedEndpoints: ['minio.example.test:9000', 'store.example.test'] },
    ],
    [{ VAULT_ALLOWED_ENDPOINTS: '' }, { allowedEndpoints: [] }],
    [
      { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'hidden', AWS_SESSION_TOKEN: 'hidden' },
      {
        awsVariables: {
          AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
          AWS_SECRET_ACCESS_KEY: 'set',
          AWS_SESSION_TOKEN: 'set',
        },
      },
    ],
    [
      { VAULT_ADMIN_EMAIL: 'admin@example.test', VAULT_ADMIN_PASSWORD: 'long enough here' },
      { admin: { email: 'admin@example.test', password: 'long enough here' } },
    ],
    [
      { VAULT_AWS: 'aws', VAULT_PUBLIC_URL: 'https://vault.example.com' },
      { aws: 'aws', hostedBucket: undefined, publicUrl: 'https://vault.example.com' },
    ],
    [
      { VAULT_AWS: 'aws', VAULT_PUBLIC_URL: 'https://vault.example.com', VAULT_HOSTED_BUCKET: 'b-{region}' },
      { hostedBucket: 'b-{region}' },
    ],
    [{ DATABASE_URL: 'postgres://vault@/vault?host=/run/postgresql' }, {}],
    [{ VAULT_SOMETHING_ELSE: 'x' }, {}],
  ])('%o', (variables, expected) => {
    expect(readEnv(variables)).toMatchObject(expected)
  })
})

describe('what cannot be used names its variable', () => {
  test.each<[Record<string, string>, string]>([
    [{ PORT: '0' }, 'PORT'],
    [{ PORT: '65536' }, 'PORT'],
    [{ PORT: '-1' }, 'PORT'],
    [{ PORT: '80.5' }, 'PORT'],
    [{ PORT: 'http' }, 'PORT'],
    [{ VAULT_PUBLIC_URL: 'vault.example.com' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_PUBLIC_URL: 'ftp://vault.example.com' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_PUBLIC_URL: 'javascript:alert(1)' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_TRUSTED_PROXIES: 'proxy.example.test' }, 'VAULT_TRUSTED_PROXIES'],
    [{ VAULT_TRUSTED_PROXIES: '10.0.0.0/8 10.1.0.0/16' }, 'VAULT_TRUSTED_PROXIES'],
    [{ VAULT_TRUSTED_PROXIES: '10.0.0.5, 10.0.0.0/33' }, 'VAULT_TRUSTED_PROXIES'],
    [{ VAULT_TRUSTED_PROXIES: '0.0.0.0/0' }, 'VAULT_TRUSTED_PROXIES'],
    [{ VAULT_TRUSTED_PROXIES: '::/0' }, 'VAULT_TRUSTED_PROXIES'],
    [{ VAULT_PUBLIC_URL: 'https://example.com/vault/' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_PUBLIC_URL: 'https://example.com/?vault' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_PUBLIC_URL: 'https://somebody@example.com' }, 'VAULT_PUBLIC_URL'],
    [{ DATABASE_URL: 'mysql://vault:long enough here@db.example.test/vault' }, 'DATABASE_URL'],
    [{ DATABASE_URL: 'db.example.test:5432' }, 'DATABASE_URL'],
    [{ DATABASE_URL: 'postgresql://vault:long enough here@db.example.test:99999/vault' }, 'DATABASE_URL'],
    [{ VAULT_AWS: 'azure' }, 'VAULT_AWS'],
    [{ VAULT_ALLOWED_ENDPOINTS: 'minio.example.test, http://minio.example.test' }, 'VAULT_ALLOWED_ENDPOINTS'],
    [{ VAULT_ALLOWED_ENDPOINTS: '*.example.test' }, 'VAULT_ALLOWED_ENDPOINTS'],
    [{ VAULT_AWS: 'AWS' }, 'VAULT_AWS'],
    [{ VAULT_AWS: 'aws' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_AWS: 'aws', VAULT_PUBLIC_URL: ' ' }, 'VAULT_PUBLIC_URL'],
    [{ VAULT_ADMIN_EMAIL: 'admin@example.test' }, 'VAULT_ADMIN_PASSWORD'],
    [{ VAULT_ADMIN_PASSWORD: 'long enough here' }, 'VAULT_ADMIN_EMAIL'],
    [{ VAULT_ADMIN_PASSWORD: 'long enough here', VAULT_ADMIN_EMAIL: '' }, 'VAULT_ADMIN_EMAIL'],
  ])('%o', (variables, name) => {
    const error = thrownBy(() => readEnv(variables))
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining(name) })
    expect(error.message).not.toContain('long enough here')
  })

  test('a worker or a command on another machine need not know the address', () => {
    const aws = { VAULT_AWS: 'aws', VAULT_DATA_DIR: '/elsewhere' }
    expect(readEnv(aws, { serves: false })).toMatchObject({ aws: 'aws', dataDir: '/elsewhere' })
  })
})

function thrownBy(run: () => unknown): AppError {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was taken')
}
