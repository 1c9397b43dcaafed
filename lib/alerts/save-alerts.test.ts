import { expect, test } from 'vitest'
import { alertingConsole, by } from './alerting-console-for-tests.ts'
import { saveWebhook } from './save-alerts.ts'
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
  for (const input of [
    { on: true, url: other, secret: '' },
    { on: false, url: '', secret: '' },
  ])
    expect(await saveWebhook(here.context, input, refusing)).toMatchObject({ status: 'confirm' })
  expect(asked).toEqual([
    `Alerts go to another address: ${origin}, at another path instead of ${origin}.`,
    'Alerts go by webhook no more.',
  ])
  expect(await viewAlerts(here.context)).toMatchObject({ settings: { webhook: { url: server.url } } })
  await here.db.notice.deleteMany()
  expect(
    await saveWebhook(
      here.context,
      { on: true, url: 'https://203.0.113.7:8443/hooks/T0/secret-words', secret: '' },
      by,
    ),
  ).toEqual({ status: 'success' })
  await expect(tryAlert(here.context, 'webhook', by.actor, 1)).rejects.toThrow('203.0.113.7')
  expect(await saveWebhook(here.context, { on: false, url: '', secret: '' }, by)).toEqual({ status: 'success' })
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
