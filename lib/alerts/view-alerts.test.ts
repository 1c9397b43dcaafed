import { expect, test } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { viewOpenAlerts } from './view-alerts.ts'

const here = sandboxConsole()

test('the newest two are shown and the others counted by kind: none that was closed, and no deletion', async () => {
  const key = (end: number) =>
    `arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-${String(end).repeat(12)}`
  const alert = (subject: string, state: string, isOpen = true) =>
    here.db.alert.create({
      data: { subject, openFor: isOpen ? subject : null, state, title: `${state}: ${subject}`, detail: '' },
    })
  const told = () => viewOpenAlerts(here.db)
  await alert(key(1), 'pending deletion')
  expect(await told()).toEqual({ rows: [], moreSchedules: 0, moreKeys: 0 })
  for (const subject of [key(2), 'schedule:1', key(3), 'schedule:2', key(4)]) await alert(subject, 'failed')
  await alert(key(5), 'failed', false)
  await alert(key(6), 'pending deletion')
  expect(await told()).toMatchObject({
    rows: [{ title: `failed: ${key(4)}` }, { title: 'failed: schedule:2', path: '/backups/schedules' }],
    moreSchedules: 1,
    moreKeys: 2,
  })
})
