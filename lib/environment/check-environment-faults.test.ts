import { createServer, type RequestListener, request as sendRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { openGate } from '#lib/aws/gate-for-tests.ts'
import type { CheckId } from '#lib/keys/schema.ts'
import {
  check,
  environmentCheck,
  noBucket,
  noDescribe,
  noEncrypt,
  noWrite,
  trouble,
} from './environment-check-for-tests.ts'

const here = environmentCheck()
const { good, run } = here

describe('faults', () => {
  const rows: [string, string, Partial<Record<string, Partial<Record<CheckId, string>>>>][] = []
  const calls = [
    ['kms', 'DescribeKey', 'key.describe', noDescribe],
    ['kms', 'Encrypt', 'key.encrypt', noEncrypt],
    ['kms', 'Decrypt', 'key.decrypt', { 'key.context': 'skipped' }],
    ['s3', 'PutObject', 'bucket.write', noWrite],
    ['s3', 'GetObject', 'bucket.read', {}],
    ['s3', 'DeleteObject', 'bucket.delete', {}],
  ] as const
  for (const [service, operation, id, rest] of calls) {
    const outcome = (text: string) => ({ [id]: text, ...rest })
    rows.push([
      service,
      operation,
      {
        Outage: outcome('failed unreachable'),
        Throttle: outcome('failed unreachable'),
        InternalError: outcome('failed unreachable'),
        Reset: outcome('failed unreachable'),
        AccessDenied: outcome('failed refused'),
      },
    ])
  }
  rows.push(['kms', 'Encrypt', { Truncate: { 'key.encrypt': 'failed unreachable', ...noEncrypt } }])
  rows.push(['kms', 'DescribeKey', { Truncate: { 'key.describe': 'failed unreachable', ...noDescribe } }])
  rows.push([
    's3',
    'GetObject',
    { Truncate: { 'bucket.read': 'failed unreachable' }, CorruptBody: { 'bucket.read': 'failed invalid' } },
  ])
  rows.push([
    'sts',
    'GetCallerIdentity',
    {
      Outage: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      Throttle: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      Reset: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      Truncate: { credentials: 'warning unreachable', 'bucket.owner': 'skipped' },
      AccessDenied: { credentials: 'warning refused', 'bucket.owner': 'skipped' },
    },
  ])
  rows.push([
    '*',
    '*',
    {
      Outage: {
        credentials: 'warning unreachable',
        'key.describe': 'failed unreachable',
        ...noDescribe,
        'key.encrypt': 'failed unreachable',
        ...noEncrypt,
        ...noBucket,
        'bucket.found': 'skipped',
        'bucket.write': 'failed unreachable',
      },
    },
  ])

  test.each(
    rows.flatMap(([service, operation, by]) =>
      Object.entries(by).map(([effect, expected]) => ({ service, operation, effect, expected })),
    ),
  )('$effect on $service $operation', async ({ service, operation, effect, expected }) => {
    await here.sandbox.control('PUT', 'faults', [{ service, operation, effect }])
    const report = await run(good())
    expect(trouble(report)).toEqual(expected)
    for (const failed of report.checks.filter(({ status }) => status === 'failed')) {
      expect(failed.cause).toBeTruthy()
      expect(failed.fix).toBeTruthy()
      if (failed.kind === 'unreachable')
        expect(failed.title).toMatch(effect === 'Throttle' ? / throttles requests$/ : / could not be reached$/)
      if (failed.kind === 'refused') expect(failed.title).toMatch(/ was refused/)
    }
  })

  test.each(['Encrypt', 'Decrypt', 'DescribeKey'])(
    'one fault of %s that passes is not even noticed',
    async (operation) => {
      await here.sandbox.control('PUT', 'faults', [{ service: 'kms', operation, effect: 'InternalError', times: 1 }])
      expect(trouble(await run(good()))).toEqual({})
    },
  )

  test('damaged answers of Encrypt and Decrypt never pass', async () => {
    for (const operation of ['Encrypt', 'Decrypt']) {
      await here.sandbox.control('PUT', 'faults', [{ service: 'kms', operation, effect: 'CorruptBody' }])
      const report = await run(good())
      expect(report.ok).toBe(false)
      expect(check(report, 'key.decrypt').status).not.toBe('passed')
    }
  })

  test('nothing answers at all', async () => {
    const gate = await openGate(here.sandbox.sandbox.endpoint)
    await gate.close()
    const report = await run(good(), { endpoint: gate.endpoint })
    expect(trouble(report)).toEqual({
      credentials: 'warning unreachable',
      'key.describe': 'failed unreachable',
      ...noDescribe,
      'key.encrypt': 'failed unreachable',
      ...noEncrypt,
      ...noBucket,
      'bucket.found': 'skipped',
      'bucket.write': 'failed unreachable',
      clock: 'skipped',
    })
    expect(check(report, 'key.encrypt')).toMatchObject({
      awsCode: 'ECONNREFUSED',
      cause: expect.stringMatching(/^Nothing listens/),
    })
  })
})

describe('the clock', () => {
  /** Something between the console and the sandbox. */
  async function through<T>(serve: RequestListener, use: (endpoint: string) => Promise<T>): Promise<T> {
    const proxy = createServer(serve)
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
    const { port }: { port?: number } = Object(proxy.address())
    try {
      return await use(`http://127.0.0.1:${port}`)
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  }

  test('minutes from AWS’s: a warning', async () => {
    const later: RequestListener = (incoming, outgoing) => {
      const { method, url, headers } = incoming
      const { port } = new URL(here.sandbox.sandbox.endpoint)
      const onward = sendRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
        const date = new Date(Date.now() + 180_000).toUTCString()
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, date })
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    }
    const report = await through(later, (endpoint) => run(good(), { endpoint }))
    expect(trouble(report)).toEqual({ clock: 'warning' })
    expect(check(report, 'clock').detail).toBe('This machine’s clock is 3 minutes behind AWS’s.')
  })

  test('so far from AWS’s that it refuses: told once', async () => {
    const message =
      'Signature expired: 20261121T000000Z is now earlier than 20261121T001000Z (20261121T001500Z - 5 min.)'
    const refuse: RequestListener = (incoming, outgoing) => {
      const { method, headers } = incoming
      incoming.resume()
      if (headers['x-amz-target']) {
        outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
        outgoing.end(JSON.stringify({ __type: 'InvalidSignatureException', message }))
        return
      }
      const [code, text] =
        method === 'POST'
          ? ['SignatureDoesNotMatch', message]
          : ['RequestTimeTooSkewed', 'The difference is too large.']
      const error = `<Error><Code>${code}</Code><Message>${text}</Message></Error>`
      outgoing.writeHead(403, { 'content-type': 'text/xml' })
      outgoing.end(method === 'POST' ? `<ErrorResponse>${error}</ErrorResponse>` : error)
    }
    const report = await through(refuse, (endpoint) => run(good(), { endpoint }))
    expect(report.ok).toBe(false)
    const failed = report.checks.filter(({ status }) => status === 'failed')
    expect(failed).toMatchObject([{ id: 'clock', title: 'This machine’s clock is wrong', who: 'clock' }])
    const others = report.checks.filter(({ id }) => id !== 'clock')
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 'skipped'))
  })
})
