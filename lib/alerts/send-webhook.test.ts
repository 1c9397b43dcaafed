import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openProxy } from '#lib/aws/proxy-for-tests.ts'
import { alertingConsole, arn, by, everythingOf } from './alerting-console-for-tests.ts'
import { certificate, privateKey } from './certificate-for-tests.ts'
import { saveWebhook } from './save-alerts.ts'
import { isWebhookSecret } from './schema.ts'
import { tryAlert } from './try-alert.ts'

const here = alertingConsole()
const { allow, change, deliveries, printed, send, webhook } = here

test('a webhook is signed, so that its receiver can tell who sent it', async () => {
  const server = await webhook()
  const saved = await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  const secret = saved.status === 'success' ? (saved.secret ?? '') : ''
  expect(isWebhookSecret(secret)).toBe(true)
  // Shown that once.
  expect(await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)).toEqual({ status: 'success' })
  await change('healthy', 'pending deletion')
  await send(1)
  const [call] = server.calls
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = call?.headers ?? {}
  // As the specification of Standard Webhooks has it.
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${call?.body}`).digest('base64')
  expect(signature).toBe(`v1,${expected}`)
  expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60)
  expect(JSON.parse(call?.body ?? '')).toMatchObject({
    type: 'key.opened',
    data: {
      key: { arn, state: 'pending deletion', before: 'healthy' },
      dependents: { backups: 3, onlyWayIn: 2 },
      url: expect.stringContaining('https://vault.example.com/keys/'),
    },
  })
  const everything = everythingOf(call, await deliveries(), await here.db.auditEvent.findMany(), printed)
  expect(everything).not.toContain(secret.slice('whsec_'.length))
})

test('a webhook is tried again after 500 and after silence, under the same ID, and not at once', async () => {
  const server = await webhook()
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  server.answers = [500, 'silence', 302]
  await change('healthy', 'disabled')
  await send(1)
  await send(1)
  expect(server.calls).toHaveLength(1)
  await send(2, 300)
  await send(4)
  await send(10)
  expect(server.calls).toHaveLength(4)
  expect(new Set(server.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(await deliveries()).toMatchObject([{ state: 'sent', tries: 4 }])
})

test('what happened to a key is told in its order, also after its receiver was away', async () => {
  const server = await webhook()
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  server.answers = [500, 500, 500, 500, 500]
  await change('healthy', 'refused')
  for (const minutes of [1, 2, 4, 10, 20]) await send(minutes)
  server.calls.length = 0
  await change('refused', 'disabled', 21)
  await change('disabled', 'healthy', 22)
  await change('healthy', 'degraded', 23)
  // It is back: nobody waits for the end of the hour.
  await send(23)
  const told = server.calls.map(({ body }) => JSON.parse(body).type)
  expect(told).toEqual(['key.opened', 'key.worse', 'key.closed', 'key.opened'])
})

test('a webhook is given up after some hours, with its last error', async () => {
  const server = await webhook()
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  server.answers = Array.from({ length: 40 }, () => 500)
  await change('healthy', 'disabled')
  for (let minutes = 1; minutes < 24 * 60; minutes += 30) await send(minutes)
  expect(await deliveries()).toMatchObject([
    { state: 'failed', tries: 15, nextTryAt: null, lastError: expect.stringContaining('answered 500') },
  ])
  expect(server.calls).toHaveLength(15)
})

test('of several workers one sends a webhook', async () => {
  const server = await webhook()
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  await change('healthy', 'disabled')
  await Promise.all(Array.from({ length: 6 }, () => send(1)))
  expect(server.calls).toHaveLength(1)
})

test('a webhook leads neither into this machine nor to cloud metadata, unless whoever runs the console says so', async () => {
  const server = await webhook()
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  allow()
  await expect(tryAlert(here.context, 'webhook', by.actor)).rejects.toThrow(
    `127.0.0.1 is this machine itself: this console does not connect there.`,
  )
  for (const url of [`http://localhost:${server.port}/`, 'http://[::1]/', 'http://10.0.0.1/', 'https://192.168.1.1/']) {
    await saveWebhook(here.context, { on: true, url, secret: '' }, by)
    await expect(tryAlert(here.context, 'webhook', by.actor)).rejects.toThrow('does not connect there')
  }
  allow('169.254.169.254:80', '169.254.169.254')
  await saveWebhook(here.context, { on: true, url: 'http://169.254.169.254/latest/', secret: '' }, by)
  await expect(tryAlert(here.context, 'webhook', by.actor)).rejects.toThrow('link-local')
  expect(server.calls).toEqual([])
})

test('a webhook goes through the proxy, which does not lead where the console may not go', async () => {
  const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
    request.resume().once('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  const proxy = await openProxy(typeof address === 'object' && address ? address.port : 0, { login: 'me:right' })
  onTestFinished(async () => {
    await proxy.close()
    server.close()
  })
  const through = (password: string) => ({ ...here.context, own: { proxy: proxy.settings(`me:${password}`) } })
  await saveWebhook(here.context, { on: true, url: 'https://hooks.example.test/a', secret: '' }, by)
  await tryAlert(through('right'), 'webhook', by.actor)
  expect(proxy.asked).toEqual(['hooks.example.test:443'])

  const refused = await tryAlert(through('hunter2'), 'webhook', by.actor).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'denied',
    message: expect.stringMatching(
      /^The webhook at https:\/\/hooks\.example\.test could not be reached\. .*answered 407/,
    ),
    fix: expect.stringContaining('HTTPS_PROXY'),
  })
  const kept = await deliveries()
  expect(everythingOf(kept, printed, String(refused))).not.toContain('hunter2')

  proxy.asked.length = 0
  for (const host of ['localhost', '10.0.0.1', '169.254.169.254', '[fd00:ec2::254]']) {
    await saveWebhook(here.context, { on: true, url: `https://${host}/`, secret: '' }, by)
    await expect(tryAlert(through('right'), 'webhook', by.actor)).rejects.toThrow('does not connect there')
  }
  expect(proxy.asked).toEqual([])
})
