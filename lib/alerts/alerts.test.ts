import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openProxy } from '#lib/aws/proxy-for-tests.ts'
import { openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import type { KeyState } from '#lib/key-health/schema.ts'
import type { AlertContext } from './alert-settings.ts'
import { certificate, privateKey } from './certificate-for-tests.ts'
import { alertOfKey } from './raise-alert.ts'
import { type SaveBy, saveMail, saveWebhook } from './save-alerts.ts'
import { isWebhookSecret, type MailInput, mailInputSchema } from './schema.ts'
import { sendDue } from './send-due.ts'
import { openSilentServer, openTestMailServer, openTestWebhook, type TestMailServer } from './servers-for-tests.ts'
import { tryAlert } from './try-alert.ts'
import { viewAlerts } from './view-alerts.ts'

const password = 'Pa55-of-the-relay'
const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const printed: string[] = []
const authorities = getCACertificates()
let here: TestConsole
let context: AlertContext
const by: SaveBy = {
  actor: 'administrator@example.test',
  publicUrl: 'https://vault.example.com',
  confirm: async () => 'confirmed',
}
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  setDefaultCACertificates([...authorities, certificate])
  vi.spyOn(console, 'error').mockImplementation((line: unknown) => void printed.push(String(line)))
  // Nothing is asked of AWS here.
  here = await openTestConsole({ endpoint: 'http://127.0.0.1:9', credentials: { variables: {} } })
})
afterAll(async () => {
  setDefaultCACertificates(authorities)
  vi.restoreAllMocks()
  await here.close()
})
beforeEach(async () => {
  printed.length = 0
  context = { ...here.context, allowedEndpoints: [] }
  await here.db.alertDelivery.deleteMany()
  await here.db.alert.deleteMany()
  await here.db.alertSettings.deleteMany()
  await here.db.sealedValue.deleteMany({ where: { place: { startsWith: 'alerts.' } } })
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function allow(...ports: number[]): void {
  const hosts = ports.flatMap((port) => [`localhost:${port}`, `127.0.0.1:${port}`])
  context = { ...context, allowedEndpoints: hosts }
}
async function mailServer(options: Parameters<typeof openTestMailServer>[1] = {}): Promise<TestMailServer> {
  const server = await openTestMailServer({ user: 'vault', password }, options)
  closers.push(() => server.close())
  allow(server.port)
  return server
}
async function webhook() {
  const server = await openTestWebhook()
  closers.push(() => server.close())
  allow(server.port)
  return server
}
function mail(port: number, changes: Partial<MailInput> = {}) {
  return mailInputSchema.parse({
    on: true,
    host: 'localhost',
    port,
    tls: 'starttls',
    user: 'vault',
    password,
    from: 'vault@example.test',
    to: 'one@example.test, two@example.test',
    ...changes,
  })
}
const at = (minutes: number) => new Date(Date.UTC(2026, 10, 22) + minutes * 60_000)
const send = (minutes: number, timeoutMs = 5_000) =>
  sendDue(context, { now: () => at(minutes), random: () => 0, timeoutMs })
function change(from: KeyState, to: KeyState, minutes = 0): Promise<void> {
  const dependents = {
    backups: 3,
    bytes: 2048,
    onlyWayIn: 2,
    onlyWayInBytes: 1024,
    schedules: 1,
    inUse: true,
    seal: null,
  }
  const diagnosis =
    to === 'healthy'
      ? null
      : {
          title: 'The key is disabled',
          detail: 'No backup could be made or read.',
          cause: 'Somebody disabled it.',
          who: 'key' as const,
          fix: 'Enable the key.',
          remedies: [
            {
              label: 'AWS CLI',
              note: '',
              formats: [{ format: 'cli' as const, file: 'fix.sh', text: 'aws kms enable-key' }],
            },
          ],
        }
  return here.db.$transaction((tx) =>
    alertOfKey(tx, { arn, from, to, diagnosis, deletionDate: null, dependents, at: at(minutes) }),
  )
}
const deliveries = () => here.db.alertDelivery.findMany({ orderBy: { id: 'asc' } })

describe('mail', () => {
  test('by STARTTLS, once for what opens, and a word when all is well again', async () => {
    const server = await mailServer()
    expect(await saveMail(context, mail(server.port), by)).toEqual({ status: 'success' })
    await change('healthy', 'disabled')
    await send(1)
    await change('disabled', 'refused')
    await change('refused', 'healthy')
    await send(2)
    expect(server.mails).toHaveLength(2)
    const [opened, closed] = server.mails
    expect(opened).toMatchObject({
      from: 'vault@example.test',
      to: ['one@example.test', 'two@example.test'],
      secure: true,
    })
    const text = opened?.text.replaceAll('=\r\n', '').replaceAll('=3D', '=')
    expect(text).toContain('Subject: [Vault Console] Key 1234abcd-12ab-34cd-56ef-1234567890ab')
    expect(text).toContain('aws kms enable-key')
    expect(text).toContain('3 backups (2.0 KiB), of which 2 have no other way in')
    expect(text).toContain('https://vault.example.com/keys/us-east-1/111122223333/1234abcd-12ab-34cd-56ef-1234567890ab')
    expect(closed?.text).toMatch(/healthy\s+again/)
    for (const secret of [password, Buffer.from(password).toString('base64')])
      expect(
        JSON.stringify([server.mails, await deliveries()], (_, value) => (typeof value === 'bigint' ? null : value)),
      ).not.toContain(secret)
    expect(await deliveries()).toMatchObject([
      { state: 'sent', tries: 1 },
      { state: 'sent', tries: 1 },
    ])
  })

  test('by TLS from the first byte, and without any where no password is asked for', async () => {
    const secure = await mailServer({ secure: true })
    await saveMail(context, mail(secure.port, { tls: 'tls' }), by)
    await tryAlert(context, 'mail', by.actor)
    expect(secure.mails).toHaveLength(1)

    const relay = await openTestMailServer({ user: '', password: '' }, { disabledCommands: ['AUTH', 'STARTTLS'] })
    closers.push(() => relay.close())
    allow(relay.port)
    await saveMail(context, mail(relay.port, { tls: 'none', user: '', password: '' }), by)
    await tryAlert(context, 'mail', by.actor)
    expect(relay.mails).toMatchObject([{ secure: false }])
    expect(await viewAlerts(context)).toMatchObject({ settings: { mail: { hasPassword: false } } })
  })

  test.each<[string, Parameters<typeof openTestMailServer>[1], Partial<MailInput>, RegExp]>([
    ['a server that takes no STARTTLS gets no password', { disabledCommands: ['STARTTLS'] }, {}, /No trusted TLS/],
    ['a password that is wrong', {}, { password: 'wrong-Pa55' }, /did not take user name and password/],
    [
      'addresses that it refuses',
      { onRcptTo: (_, __, done) => done(new Error('550 nobody of that name')) },
      {},
      /refused the message.*nobody of that name/,
    ],
  ])('%s', async (_, options, changes, message) => {
    const server = await mailServer(options)
    await saveMail(context, mail(server.port, changes), by)
    await expect(tryAlert(context, 'mail', by.actor)).rejects.toThrow(message)
    expect(server.mails).toEqual([])
    const told = JSON.stringify([await deliveries(), await here.db.auditEvent.findMany(), printed], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    for (const secret of [password, 'wrong-Pa55', Buffer.from(password).toString('base64')])
      expect(told).not.toContain(secret)
  })

  test.each([
    ['in the word of AUTH PLAIN', Buffer.from(`\0vault\0${password}`).toString('base64')],
    ['where the message is cut', `${'x'.repeat(464)} ${password} ${'y'.repeat(100)}`],
  ])('a server that says the password back %s', async (_, said) => {
    const server = await mailServer({ onAuth: (_given, _session, done) => done(new Error(said)) })
    await saveMail(context, mail(server.port), by)
    await expect(tryAlert(context, 'mail', by.actor)).rejects.toThrow(/did not take user name and password.*…/)
    const told = JSON.stringify(await deliveries())
    for (const part of [password.slice(0, 8), Buffer.from(`\0vault\0${password}`).toString('base64').slice(0, 16)])
      expect(told).not.toContain(part)
  })

  test('an address that it refuses keeps it from nobody else, and it is not sent again', async () => {
    const server = await mailServer({
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith('two@') ? new Error('550 nobody of that name') : null),
    })
    await saveMail(context, mail(server.port), by)
    await change('healthy', 'disabled')
    await send(1)
    await send(60)
    expect(server.mails).toMatchObject([{ to: ['one@example.test'] }])
    expect(await deliveries()).toMatchObject([
      { state: 'sent', tries: 1, lastError: expect.stringContaining('Not to two@example.test') },
    ])
  })

  test('a certificate that nobody trusts', async () => {
    setDefaultCACertificates(authorities)
    try {
      const server = await mailServer()
      await saveMail(context, mail(server.port), by)
      await expect(tryAlert(context, 'mail', by.actor)).rejects.toThrow(
        /No trusted TLS.*NODE_EXTRA_CA_CERTS|No trusted/,
      )
      expect(server.mails).toEqual([])
    } finally {
      setDefaultCACertificates([...authorities, certificate])
    }
  })

  test('a server that hangs is given up, and tried again', async () => {
    const silent = await openSilentServer()
    closers.push(() => silent.close())
    allow(silent.port)
    await saveMail(context, mail(silent.port), by)
    await change('healthy', 'disabled')
    await send(1, 100)
    expect(await deliveries()).toMatchObject([
      { state: 'queued', tries: 1, lastError: expect.stringContaining('did not finish within 0.1 seconds') },
    ])
    const server = await mailServer()
    await saveMail(context, mail(server.port), by)
    await send(3)
    expect(server.mails).toHaveLength(1)
    expect(await deliveries()).toMatchObject([{ state: 'sent', tries: 2, lastError: null }])
  })

  test('the stored password stays with its server and user', async () => {
    const server = await mailServer()
    await saveMail(context, mail(server.port), by)
    const kept = { password: '' }
    expect(await saveMail(context, mail(server.port, { ...kept, to: 'three@example.test' }), by)).toEqual({
      status: 'success',
    })
    for (const changes of [{ host: '127.0.0.1' }, { port: server.port + 1 }, { user: 'another' }])
      expect(await saveMail(context, mail(server.port, { ...kept, ...changes }), by)).toMatchObject({
        status: 'error',
        fieldErrors: { password: expect.any(String) },
      })
    expect(mailInputSchema.safeParse({ ...mail(server.port), to: 'three@example.test', tls: 'none' }).success).toBe(
      false,
    )
  })
})

describe('webhook', () => {
  test('is signed, so that its receiver can tell who sent it', async () => {
    const server = await webhook()
    const saved = await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
    const secret = saved.status === 'success' ? (saved.secret ?? '') : ''
    expect(isWebhookSecret(secret)).toBe(true)
    // Shown that once.
    expect(await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)).toEqual({ status: 'success' })
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
    const everything = JSON.stringify(
      [call, await deliveries(), await here.db.auditEvent.findMany(), printed],
      (_, value) => (typeof value === 'bigint' ? String(value) : value),
    )
    expect(everything).not.toContain(secret.slice('whsec_'.length))
  })

  test('is tried again after 500 and after silence, under the same ID, and not at once', async () => {
    const server = await webhook()
    await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
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
    await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
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

  test('is given up after some hours, with its last error', async () => {
    const server = await webhook()
    await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
    server.answers = Array.from({ length: 40 }, () => 500)
    await change('healthy', 'disabled')
    for (let minutes = 1; minutes < 24 * 60; minutes += 30) await send(minutes)
    expect(await deliveries()).toMatchObject([
      { state: 'failed', tries: 15, nextTryAt: null, lastError: expect.stringContaining('answered 500') },
    ])
    expect(server.calls).toHaveLength(15)
  })

  test('of several workers one sends it', async () => {
    const server = await webhook()
    await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
    await change('healthy', 'disabled')
    await Promise.all(Array.from({ length: 6 }, () => send(1)))
    expect(server.calls).toHaveLength(1)
  })

  test('leads neither into this machine nor to cloud metadata, unless whoever runs the console says so', async () => {
    const server = await webhook()
    await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
    allow()
    await expect(tryAlert(context, 'webhook', by.actor)).rejects.toThrow(
      `127.0.0.1 is this machine itself: this console does not connect there.`,
    )
    for (const url of [
      `http://localhost:${server.port}/`,
      'http://[::1]/',
      'http://10.0.0.1/',
      'https://192.168.1.1/',
    ]) {
      await saveWebhook(context, { on: true, url, secret: '' }, by)
      await expect(tryAlert(context, 'webhook', by.actor)).rejects.toThrow('does not connect there')
    }
    context = { ...context, allowedEndpoints: ['169.254.169.254:80', '169.254.169.254'] }
    await saveWebhook(context, { on: true, url: 'http://169.254.169.254/latest/', secret: '' }, by)
    await expect(tryAlert(context, 'webhook', by.actor)).rejects.toThrow('link-local')
    expect(server.calls).toEqual([])
  })

  test('goes through the proxy, which does not lead where the console may not go', async () => {
    const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
      request.resume().once('end', () => response.end())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address: AddressInfo | string | null = server.address()
    const proxy = await openProxy(typeof address === 'object' && address ? address.port : 0, { login: 'me:right' })
    closers.push(proxy.close, async () => void server.close())
    const through = (password: string) => ({ ...context, own: { proxy: proxy.settings(`me:${password}`) } })
    await saveWebhook(context, { on: true, url: 'https://hooks.example.test/a', secret: '' }, by)
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
    const kept = await here.db.alertDelivery.findMany()
    expect(JSON.stringify([kept, printed, String(refused)])).not.toContain('hunter2')

    proxy.asked.length = 0
    for (const host of ['localhost', '10.0.0.1', '169.254.169.254', '[fd00:ec2::254]']) {
      await saveWebhook(context, { on: true, url: `https://${host}/`, secret: '' }, by)
      await expect(tryAlert(through('right'), 'webhook', by.actor)).rejects.toThrow('does not connect there')
    }
    expect(proxy.asked).toEqual([])
  })
})

test('sending alerts elsewhere, or nowhere, asks again and tells the other administrators', async () => {
  const server = await webhook()
  await saveWebhook(context, { on: true, url: server.url, secret: '' }, by)
  const asked: string[] = []
  const refusing = {
    ...by,
    confirm: async ({ reasons }: { reasons: readonly string[] }) => {
      asked.push(...reasons)
      return {}
    },
  }
  const other = `${server.url}&other`
  const { origin } = new URL(server.url)
  for (const input of [
    { on: true, url: other, secret: '' },
    { on: false, url: '', secret: '' },
  ])
    expect(await saveWebhook(context, input, refusing)).toMatchObject({ status: 'confirm' })
  expect(asked).toEqual([
    `Alerts go to another address: ${origin}, at another path instead of ${origin}.`,
    'Alerts go by webhook no more.',
  ])
  expect(await viewAlerts(context)).toMatchObject({ settings: { webhook: { url: server.url } } })
  await here.db.notice.deleteMany()
  expect(
    await saveWebhook(context, { on: true, url: 'https://203.0.113.7:8443/hooks/T0/secret-words', secret: '' }, by),
  ).toEqual({ status: 'success' })
  await expect(tryAlert(context, 'webhook', by.actor, 1)).rejects.toThrow('203.0.113.7')
  expect(await saveWebhook(context, { on: false, url: '', secret: '' }, by)).toEqual({ status: 'success' })
  const notice = { title: 'Alerts changed', link: '/settings/alerts' }
  expect(await here.db.notice.findMany({ orderBy: { id: 'asc' } })).toMatchObject([
    { ...notice, detail: `Alerts go to another address: https://203.0.113.7:8443 instead of ${origin}.` },
    { ...notice, detail: 'Alerts go by webhook no more.' },
  ])
  // Whoever has the whole address may write to whom it leads.
  const told = await here.db.$queryRaw<{ hits: number }[]>`
    SELECT count(*)::int AS hits FROM (
      SELECT row_to_json(audit_event)::text AS words FROM audit_event
      UNION ALL SELECT row_to_json(notice)::text FROM notice
      UNION ALL SELECT row_to_json(alert_delivery)::text FROM alert_delivery) AS everything
    WHERE words LIKE '%secret-words%' OR words LIKE '%' || ${new URL(server.url).search} || '%'`
  expect(told).toEqual([{ hits: 0 }])
  expect(await here.db.sealedValue.count({ where: { place: 'alerts.webhook-secret' } })).toBe(0)
})
