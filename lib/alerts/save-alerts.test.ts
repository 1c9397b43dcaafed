import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alertingConsole, by, mail } from './alerting-console-for-tests.ts'
import { saveMail, saveWebhook } from './save-alerts.ts'
import { sealWebhookUrl } from './seal-webhook-url.ts'
import { tryAlert } from './try-alert.ts'
import { viewAlerts } from './view-alerts.ts'

const here = alertingConsole()
const { webhook } = here

test('sending alerts elsewhere, or nowhere, asks again and tells the other administrators', async () => {
  const server = await webhook()
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
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
  const sealed = () => here.db.sealedValue.findMany({ where: { place: { startsWith: 'alerts.' } } })
  const before = await sealed()
  for (const input of [
    { on: true, url: other, secret: '' },
    { on: false, url: '', secret: '' },
  ])
    expect(await saveWebhook(here.context, input, refusing)).toMatchObject({ status: 'confirm' })
  expect(asked).toEqual([
    `Alerts go to another address: ${origin}, at another path instead of ${origin}.`,
    'Alerts go by webhook no more.',
  ])
  expect(await viewAlerts(here.context)).toMatchObject({ settings: { webhook: { origin } } })
  expect(await sealed()).toEqual(before)
  await here.db.notice.deleteMany()
  expect(
    await saveWebhook(
      here.context,
      { on: true, url: 'https://203.0.113.7:8443/hooks/T0/secret-words', secret: '' },
      by,
    ),
  ).toEqual({ status: 'success' })
  await expect(tryAlert(here.context, 'webhook', by.actor, 1)).rejects.toThrow('203.0.113.7')
  expect(await toldOf('secret-words', new URL(server.url).search)).toBe(0)
  expect(await saveWebhook(here.context, { on: false, url: '', secret: '' }, by)).toEqual({ status: 'success' })
  const notice = { title: 'Alerts changed', link: '/settings/alerts' }
  expect(await here.db.notice.findMany({ orderBy: { id: 'asc' } })).toMatchObject([
    { ...notice, detail: `Alerts go to another address: https://203.0.113.7:8443 instead of ${origin}.` },
    { ...notice, detail: 'Alerts go by webhook no more.' },
  ])
  expect(await toldOf('secret-words', new URL(server.url).search)).toBe(0)
  expect(await here.db.sealedValue.count({ where: { place: { startsWith: 'alerts.webhook' } } })).toBe(0)
})

/** In how many rows any of these stands. Whoever has the whole address of a webhook may write to whom it leads. */
async function toldOf(...secrets: string[]): Promise<number | undefined> {
  const [told] = await here.db.$queryRaw<{ hits: number }[]>`
    SELECT count(*)::int AS hits FROM (
      SELECT row_to_json(audit_event)::text AS words FROM audit_event
      UNION ALL SELECT row_to_json(notice)::text FROM notice
      UNION ALL SELECT row_to_json(alert_settings)::text FROM alert_settings
      UNION ALL SELECT row_to_json(alert_delivery)::text FROM alert_delivery) AS everything
    WHERE words LIKE ANY (${secrets.map((secret) => `%${secret}%`)})`
  return told?.hits
}

test('an address is stored sealed and shown no more; left empty it stays, for the next save as for the next message', async () => {
  const server = await webhook()
  const { origin, search } = new URL(server.url)
  const entered = { on: true, url: server.url, secret: '' }
  expect(await saveWebhook(here.context, { ...entered, url: '' }, by)).toMatchObject({
    fieldErrors: { url: expect.stringContaining('Enter an address') },
  })
  await saveWebhook(here.context, entered, by)
  const settings = { webhook: { origin }, mail: null, updatedAt: expect.any(String), updatedBy: by.actor }
  expect((await viewAlerts(here.context)).settings).toEqual(settings)
  expect(await saveWebhook(here.context, { ...entered, url: '' }, by)).toEqual({ status: 'success' })
  await saveMail(here.context, mail(25), by)
  await tryAlert(here.context, 'webhook', by.actor)
  expect(server.calls).toHaveLength(1)
  expect(await toldOf(search)).toBe(0)
})

test('an address that an older console left in its row goes on working, and is sealed when this one starts', async () => {
  const server = await webhook()
  const { origin, search } = new URL(server.url)
  await saveWebhook(here.context, { on: true, url: server.url, secret: '' }, by)
  await here.db.sealedValue.deleteMany({ where: { place: 'alerts.webhook-url' } })
  const withLogin = server.url.replace('://', '://me:hunter2@')
  await here.db.alertSettings.updateMany({ data: { webhook: { url: withLogin } } })
  const migration = new URL('../../prisma/migrations/20261128000000_webhook_origin/migration.sql', import.meta.url)
  await here.db.$executeRawUnsafe(readFileSync(migration, 'utf8'))
  expect(await here.db.alertSettings.findFirst()).toMatchObject({ webhook: { origin, url: withLogin } })
  await tryAlert(here.context, 'webhook', by.actor)
  expect(await toldOf(search)).toBe(1)
  // Web server and workers start at once.
  await Promise.all([sealWebhookUrl(here.context), sealWebhookUrl(here.context)])
  expect(await here.db.alertSettings.findFirst()).toMatchObject({ webhook: { origin } })
  expect(await toldOf(search)).toBe(0)
  await tryAlert(here.context, 'webhook', by.actor)
  expect(server.calls.map(({ url }) => url)).toEqual([`/hooks${search}`, `/hooks${search}`])
})

test('what was damaged in the database is replaced by what is entered anew', async () => {
  const server = await webhook()
  const entered = { on: true, url: server.url, secret: '' }
  await saveWebhook(here.context, entered, by)
  await saveMail(here.context, mail(25), by)
  await here.db.sealedValue.updateMany({ data: { ciphertext: Buffer.alloc(60) } })
  await expect(saveWebhook(here.context, { ...entered, url: '' }, by)).rejects.toMatchObject({ code: 'integrity' })
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  expect(await saveWebhook(here.context, { ...entered, secret }, by)).toMatchObject({ status: 'success' })
  expect(await saveMail(here.context, { ...mail(25), user: 'me', password: 'right' }, by)).toEqual({
    status: 'success',
  })
  await tryAlert(here.context, 'webhook', by.actor)
  expect(server.calls).toHaveLength(1)
  await here.db.sealedValue.updateMany({ data: { ciphertext: Buffer.alloc(60) } })
  expect(await saveWebhook(here.context, { on: false, url: '', secret: '' }, by)).toEqual({ status: 'success' })
})
