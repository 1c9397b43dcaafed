import { once } from 'node:events'
import { get, type RequestOptions } from 'node:https'
import { createServer, type LookupFunction, type Server } from 'node:net'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Reach } from './address.ts'
import { createAwsClients } from './clients.ts'
import { endpointAddressProblem, GuardedAgent } from './connect-guard.ts'
import { faultOf } from './fault.ts'

// It speaks no TLS: that a connection came is what counts.
let server: Server
let port: number
let connections: number
const agents: GuardedAgent[] = []
beforeEach(async () => {
  connections = 0
  server = createServer((socket) => {
    connections += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  port = typeof address === 'object' && address ? address.port : 0
})
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy()
  await new Promise((resolve) => server.close(resolve))
})

/** A resolver that gives one answer after the other, and the last for ever. */
function resolver(...answers: string[][]): LookupFunction & { asked: number } {
  const lookup: LookupFunction = (_, options, done) => {
    const found = (answers[Math.min(resolve.asked, answers.length - 1)] ?? []).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))
    resolve.asked += 1
    const [first] = found
    if (options.all) done(null, found)
    else done(null, first?.address ?? '', first?.family)
  }
  const resolve = Object.assign(lookup, { asked: 0 })
  return resolve
}

/** The error with which a request ends. */
async function failure(
  reach: Reach,
  host: string,
  lookup: LookupFunction,
  options: RequestOptions = {},
): Promise<Error> {
  const agent = new GuardedAgent(reach, { lookup }, undefined, 1_000)
  agents.push(agent)
  const { promise, resolve } = Promise.withResolvers<Error>()
  get({ host, port, agent, ...options }).on('error', resolve)
  return promise
}

const name = 'store.example.test'

describe('the address that is really connected to is judged', () => {
  test('a name that changes its answer between the check and the connection', async () => {
    const lookup = resolver(['3.5.140.2'], ['127.0.0.1'])
    const endpoint = { url: `https://${name}:${port}`, kind: 'own', region: undefined } as const
    expect(await endpointAddressProblem(endpoint, lookup)).toBeUndefined()
    const error = await failure('private', name, lookup)
    expect(error).toMatchObject({
      code: 'EFORBIDDENADDRESS',
      message: expect.stringContaining(`${name} leads to 127.0.0.1`),
    })
    expect(lookup.asked).toBe(2)
    expect(connections).toBe(0)
  })

  test('one good address does not excuse a bad one', async () => {
    for (const answer of [
      ['3.5.140.2', '127.0.0.1'],
      ['127.0.0.1', '3.5.140.2'],
    ])
      expect(await failure('private', name, resolver(answer))).toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(connections).toBe(0)
  })

  test('also where only one address is asked for', async () => {
    const error = await failure('private', name, resolver(['127.0.0.1']), { autoSelectFamily: false } as RequestOptions)
    expect(error).toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(connections).toBe(0)
  })

  test('an address in place of a name, which is never looked up', async () => {
    const lookup = resolver(['3.5.140.2'])
    expect(await failure('private', '127.0.0.1', lookup)).toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(await failure('private', '169.254.169.254', lookup)).toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(await failure('private', '::ffff:127.0.0.1', lookup)).toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(lookup.asked).toBe(0)
    expect(connections).toBe(0)
  })

  test('what is allowed is connected to, by name and by address', async () => {
    // A reset, because this server speaks no TLS.
    expect(await failure('loopback', name, resolver(['127.0.0.1']))).not.toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(connections).toBe(1)
    expect(await failure('loopback', '127.0.0.1', resolver([]))).not.toMatchObject({ code: 'EFORBIDDENADDRESS' })
    expect(connections).toBe(2)
  })

  test('a name that does not resolve stays what it is', async () => {
    const lookup: LookupFunction = (_, __, done) =>
      done(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), [])
    expect(await failure('private', name, lookup)).toMatchObject({ code: 'ENOTFOUND' })
    const endpoint = { url: `https://${name}`, kind: 'own', region: undefined } as const
    expect(await endpointAddressProblem(endpoint, lookup)).toBeUndefined()
  })
})

const access = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
  endpoint: undefined,
}

describe('through the SDK’s clients', () => {
  test('a forbidden address is refused at once, not taken for an outage, and nothing is sent', async () => {
    const s3Endpoint = { url: `https://localhost:${port}`, kind: 'vpc', region: undefined } as const
    const clients = createAwsClients({ ...access, s3Endpoint }, 'background')
    // A bucket with dots stays out of the host name. Where the SDK waits for “100 Continue” it makes agents of its own.
    for (const Body of ['small', Buffer.alloc(2 ** 21)]) {
      const sent = clients.s3.send(new PutObjectCommand({ Bucket: 'with.dots', Key: 'key', Body }))
      const error: unknown = await sent.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ $metadata: { attempts: 1 } })
      expect(faultOf(error)).toMatchObject({
        kind: 'invalid',
        code: 'EFORBIDDENADDRESS',
        message: expect.stringContaining('this console does not connect there'),
      })
    }
    expect(connections).toBe(0)
    clients.destroy()
  })

  test('the same without the guard would have connected', async () => {
    const s3 = new S3Client({ ...access, endpoint: `https://localhost:${port}`, maxAttempts: 1, forcePathStyle: true })
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'small' })).catch(() => {})
    expect(connections).toBeGreaterThan(0)
    s3.destroy()
  })
})
