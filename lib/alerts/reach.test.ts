import { expect, test } from 'vitest'
import { guardedLookup, reachOfTarget } from './reach.ts'

function refusal(host: string, allowed: readonly string[], ...addresses: string[]) {
  const target = { host, port: 25 }
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const lookup = guardedLookup(target, reachOfTarget(target, allowed), (_, __, done) => done(null, found))
  return new Promise<unknown>((resolve) => lookup(host, { all: true }, (error) => resolve(error)))
}

test('what is allowed is not told to be allowed once more', async () => {
  const name = 'mail.example.com'
  expect(await refusal(name, [], '10.0.0.5')).toMatchObject({
    message: 'mail.example.com leads to 10.0.0.5, which is in a private network: this console does not connect there.',
    fix: 'Whoever runs this console can allow it with VAULT_ALLOWED_ENDPOINTS=mail.example.com:25',
  })
  expect(await refusal(name, [`${name}:25`], '10.0.0.5')).toBeNull()
  // As the name of the host itself does on some systems.
  const asLocalhost = {
    message: expect.stringContaining('leads to 127.0.1.1, which is this machine itself'),
    fix: 'Call it localhost here; whoever runs this console can allow it with VAULT_ALLOWED_ENDPOINTS=localhost:25',
  }
  expect(await refusal(name, [`${name}:25`], '127.0.1.1')).toMatchObject(asLocalhost)
  expect(await refusal(name, [], '93.184.216.34', '127.0.1.1')).toMatchObject(asLocalhost)
  expect(await refusal('localhost', ['localhost:25'], '::1', '127.0.0.1')).toBeNull()
  for (const allowed of [[], [`${name}:25`]])
    expect(await refusal(name, allowed, '169.254.169.254')).toMatchObject({ fix: 'Name another server.' })
})
