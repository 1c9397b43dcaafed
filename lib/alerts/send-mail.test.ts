import { setDefaultCACertificates } from 'node:tls'
import { expect, test } from 'vitest'
import { alertingConsole, authorities, by, everythingOf, mail, password } from './alerting-console-for-tests.ts'
import { certificate } from './certificate-for-tests.ts'
import { saveMail } from './save-alerts.ts'
import { type MailInput, mailInputSchema } from './schema.ts'
import { openSilentServer, openTestMailServer } from './servers-for-tests.ts'
import { tryAlert } from './try-alert.ts'
import { viewAlerts } from './view-alerts.ts'

const here = alertingConsole()
const { change, deliveries, mailServer, opened, printed, send } = here

test('mail by STARTTLS, once for what opens, and a word when all is well again', async () => {
  const server = await mailServer()
  expect(await saveMail(here.context, mail(server.port), by)).toEqual({ status: 'success' })
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
    expect(everythingOf(server.mails, await deliveries())).not.toContain(secret)
  expect(await deliveries()).toMatchObject([
    { state: 'sent', tries: 1 },
    { state: 'sent', tries: 1 },
  ])
})

test('mail by TLS from the first byte, and without any where no password is asked for', async () => {
  const secure = await mailServer({ secure: true })
  await saveMail(here.context, mail(secure.port, { tls: 'tls' }), by)
  await tryAlert(here.context, 'mail', by.actor)
  expect(secure.mails).toHaveLength(1)

  const relay = opened(await openTestMailServer({ user: '', password: '' }, { disabledCommands: ['AUTH', 'STARTTLS'] }))
  await saveMail(here.context, mail(relay.port, { tls: 'none', user: '', password: '' }), by)
  await tryAlert(here.context, 'mail', by.actor)
  expect(relay.mails).toMatchObject([{ secure: false }])
  expect(await viewAlerts(here.context)).toMatchObject({ settings: { mail: { hasPassword: false } } })
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
  await saveMail(here.context, mail(server.port, changes), by)
  await expect(tryAlert(here.context, 'mail', by.actor)).rejects.toThrow(message)
  expect(server.mails).toEqual([])
  const told = everythingOf(await deliveries(), await here.db.auditEvent.findMany(), printed)
  for (const secret of [password, 'wrong-Pa55', Buffer.from(password).toString('base64')])
    expect(told).not.toContain(secret)
})

test.each([
  ['in the word of AUTH PLAIN', Buffer.from(`\0vault\0${password}`).toString('base64')],
  ['where the message is cut', `${'x'.repeat(464)} ${password} ${'y'.repeat(100)}`],
])('a server that says the password back %s', async (_, said) => {
  const server = await mailServer({ onAuth: (_given, _session, done) => done(new Error(said)) })
  await saveMail(here.context, mail(server.port), by)
  await expect(tryAlert(here.context, 'mail', by.actor)).rejects.toThrow(/did not take user name and password.*…/)
  const told = JSON.stringify(await deliveries())
  for (const part of [password.slice(0, 8), Buffer.from(`\0vault\0${password}`).toString('base64').slice(0, 16)])
    expect(told).not.toContain(part)
})

test('an address that it refuses keeps it from nobody else, and it is not sent again', async () => {
  const server = await mailServer({
    onRcptTo: ({ address }, _, done) => done(address.startsWith('two@') ? new Error('550 nobody of that name') : null),
  })
  await saveMail(here.context, mail(server.port), by)
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
    await saveMail(here.context, mail(server.port), by)
    await expect(tryAlert(here.context, 'mail', by.actor)).rejects.toThrow(
      /No trusted TLS.*NODE_EXTRA_CA_CERTS|No trusted/,
    )
    expect(server.mails).toEqual([])
  } finally {
    setDefaultCACertificates([...authorities, certificate])
  }
})

test('a server that hangs is given up, and tried again', async () => {
  const silent = opened(await openSilentServer())
  await saveMail(here.context, mail(silent.port), by)
  await change('healthy', 'disabled')
  await send(1, 100)
  expect(await deliveries()).toMatchObject([
    { state: 'queued', tries: 1, lastError: expect.stringContaining('did not finish within 0.1 seconds') },
  ])
  const server = await mailServer()
  await saveMail(here.context, mail(server.port), by)
  await send(3)
  expect(server.mails).toHaveLength(1)
  expect(await deliveries()).toMatchObject([{ state: 'sent', tries: 2, lastError: null }])
})

test('the stored password stays with its server and user', async () => {
  const server = await mailServer()
  await saveMail(here.context, mail(server.port), by)
  const kept = { password: '' }
  expect(await saveMail(here.context, mail(server.port, { ...kept, to: 'three@example.test' }), by)).toEqual({
    status: 'success',
  })
  for (const changes of [{ host: '127.0.0.1' }, { port: server.port + 1 }, { user: 'another' }])
    expect(await saveMail(here.context, mail(server.port, { ...kept, ...changes }), by)).toMatchObject({
      status: 'error',
      fieldErrors: { password: expect.any(String) },
    })
  expect(mailInputSchema.safeParse({ ...mail(server.port), to: 'three@example.test', tls: 'none' }).success).toBe(false)
})
