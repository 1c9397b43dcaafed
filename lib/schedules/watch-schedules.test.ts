import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { mailOf, webhookBodyOf } from '#lib/alerts/message-text.ts'
import type { AlertMessage } from '#lib/alerts/schema.ts'
import { viewOpenAlerts } from '#lib/alerts/view-alerts.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { changeSchedule } from './change-schedules.ts'
import { runDueSchedules } from './run-due.ts'
import { schedulingConsole } from './scheduling-console-for-tests.ts'
import { schedulesQuerySchema } from './schema.ts'
import { listSchedules, viewSchedules } from './view-schedules.ts'
import { type Compared, watchSchedules } from './watch-schedules.ts'

const here = schedulingConsole()
const { makeDue, makeSmallSource, openTitles, planned, run, told } = here
const words = (messages: readonly AlertMessage[]) => messages.map(({ kind, title }) => `${kind}: ${title}`)
const anHourAgo = () => new Date(Date.now() - 3_660_000)

test('a scheduled backup that fails is told once, by several workers too, and once more when one is made again', async () => {
  const source = makeSmallSource('nightly')
  const id = await planned(source)
  await here.db.schedule.update({ where: { id }, data: { name: 'nightly\u202e' } })
  await watchSchedules(here.context)
  await run(id, { state: 'complete', files: 2, createdAt: new Date('2026-11-20T02:00:00Z') })
  await run(id, { state: 'failed', error: 'The key is disabled. Enable it.' })
  await Promise.all(Array.from({ length: 4 }, () => watchSchedules(here.context)))
  await watchSchedules(here.context)
  const [opened, ...more] = await told()
  expect(more).toEqual([])
  const title = 'The scheduled backup “nightly\\u202e” failed'
  expect(opened).toMatchObject({ kind: 'opened', title, schedule: { id, source, state: 'failed' } })
  if (!opened) throw new Error('nothing was told')
  const { subject, text } = mailOf(opened, 'https://vault.example.com')
  expect(subject).toBe(`[Vault Console] ${title}`)
  for (const part of ['The key is disabled. Enable it.', `${source} on ${hostname()}`, '2026-11-20 02:00 UTC'])
    expect(text).toContain(part)
  expect(text).toContain('https://vault.example.com/backups/schedules')
  expect(JSON.parse(webhookBodyOf(opened, ''))).toMatchObject({ type: 'schedule.opened', data: { schedule: { id } } })
  expect(await listSchedules(here.context)).toMatchObject([{ trouble: 'The key is disabled. Enable it.' }])
  expect(await viewOpenAlerts(here.db)).toMatchObject({
    rows: [{ title, path: '/backups/schedules' }],
    moreSchedules: 0,
  })
  // What somebody cancelled says nothing about the next one, nor does one under way.
  await run(id, { state: 'cancelled' })
  const next = await run(id, { state: 'running' })
  await watchSchedules(here.context)
  // It failed once more, for another reason: shown, and not sent.
  await here.db.backup.update({ where: { id: next }, data: { state: 'failed', error: 'The bucket is gone.' } })
  await watchSchedules(here.context)
  expect(await told()).toEqual([])
  expect(await here.db.alert.findMany()).toMatchObject([{ detail: 'The bucket is gone.', closedAt: null }])
  await run(id, { state: 'complete', files: 2, warningCount: 0 })
  await watchSchedules(here.context)
  await watchSchedules(here.context)
  expect(words(await told())).toEqual(['closed: The scheduled backup “nightly\\u202e” is made again'])
  expect(await openTitles()).toEqual([])
})

test('one that waits is told after an hour, and again when it fails', async () => {
  const id = await planned('/srv/photos')
  const backup = await run(id, { state: 'waiting', waitingFor: 'key', tries: 19, error: 'KMS does not answer.' })
  await watchSchedules(here.context)
  expect(await told()).toEqual([])
  await here.db.backup.update({ where: { id: backup }, data: { tries: 20 } })
  await watchSchedules(here.context)
  const [waiting] = await told()
  expect(waiting).toMatchObject({ kind: 'opened', title: 'The scheduled backup “photos” has been waiting for an hour' })
  expect(waiting?.schedule?.error).toBe('It waits for its key. KMS does not answer.')
  await here.db.backup.update({ where: { id: backup }, data: { state: 'failed' } })
  await watchSchedules(here.context)
  expect(words(await told())).toEqual(['worse: The scheduled backup “photos” failed'])
  // The next run waits, and fails as well: it was told that it fails.
  await here.db.backup.update({ where: { id: backup }, data: { state: 'waiting' } })
  await watchSchedules(here.context)
  expect(await openTitles()).toEqual(['The scheduled backup “photos” has been waiting for an hour'])
  await here.db.backup.update({ where: { id: backup }, data: { state: 'failed' } })
  await watchSchedules(here.context)
  expect(await told()).toEqual([])
  await run(id, { state: 'complete', files: 0, warningCount: 1, warnings: [{ path: '/srv/photos', message: 'empty' }] })
  await watchSchedules(here.context)
  // No better, and no news.
  expect(await told()).toEqual([])
  expect(await here.db.alert.findMany()).toMatchObject([{ state: 'failed', detail: 'empty', closedAt: null }])
})

test('one that holds far less than before is told, and that it failed since as well', async () => {
  const id = await planned('/srv/photos')
  const whole = { state: 'complete', files: 10_000, bytes: 2n ** 40n } as const
  const cut = { state: 'complete', files: 300, bytes: 2n ** 30n, warningCount: 12 } as const
  await run(id, { ...whole, createdAt: new Date('2026-11-20T02:00:00Z') })
  await run(id, cut)
  await watchSchedules(here.context)
  await run(id, { ...cut, files: 301 })
  await watchSchedules(here.context)
  const [opened, ...more] = await told()
  expect(more).toEqual([])
  expect(opened).toMatchObject({ kind: 'opened', title: 'The scheduled backup “photos” holds far less than before' })
  const sizes = 'It holds 300 files (1.0 GiB), with 12 warnings, and the one of 2026-11-20 10,000 files (1.0 TiB).'
  expect(opened?.schedule?.error).toContain(sizes)
  expect((await listSchedules(here.context))[0]?.trouble).toContain('301 files')
  const failed = await run(id, { state: 'failed', error: 'The key is disabled.' })
  await watchSchedules(here.context)
  expect(words(await told())).toEqual(['worse: The scheduled backup “photos” failed'])
  await here.db.backup.delete({ where: { id: failed } })
  await run(id, { ...whole, files: 9000 })
  await watchSchedules(here.context)
  expect(words(await told())).toEqual(['closed: The scheduled backup “photos” is made again'])
})

test('watched again and again, earlier backups are read anew when there is a newer one, or after some minutes', async () => {
  const id = await planned('/srv/photos')
  const whole = { state: 'complete', files: 10_000, bytes: 2n ** 40n } as const
  const cut = { state: 'complete', files: 300, bytes: 2n ** 30n } as const
  const compared: Compared = new Map()
  const watch = async () => {
    await watchSchedules(here.context, compared)
    return openTitles()
  }
  const farLess = ['The scheduled backup “photos” holds far less than before']
  const first = await run(id, whole)
  await run(id, cut)
  expect(await watch()).toEqual(farLess)
  // As little is meant.
  await here.db.backup.delete({ where: { id: first } })
  expect(await watch()).toEqual(farLess)
  for (const [schedule, known] of compared)
    compared.set(schedule, { ...known, at: new Date(known.at.getTime() - 5 * 60_000) })
  expect(await watch()).toEqual([])
  await run(id, whole)
  await run(id, cut)
  expect(await watch()).toEqual(farLess)
  await changeSchedule(here.context, id, 'remove', actor)
  await watch()
  expect(compared.size).toBe(0)
})

test('a machine without a worker, and a run that could not be started', async () => {
  const id = await planned('/srv/photos')
  await here.db.schedule.update({ where: { id }, data: { host: 'files' } })
  const backup = await run(id, { state: 'queued' })
  await watchSchedules(here.context)
  expect(await told()).toEqual([])
  await here.db.backup.update({ where: { id: backup }, data: { createdAt: anHourAgo() } })
  await watchSchedules(here.context)
  expect((await told())[0]?.schedule?.error).toContain('No worker of files is running.')
  await here.db.worker.create({ data: { host: 'files' } })
  await watchSchedules(here.context)
  expect((await here.db.alert.findFirstOrThrow()).detail).toBe('The workers of files have other work to do.')

  // Its next run comes while it is under way: no trouble, unless its machine is gone.
  await here.db.backup.update({ where: { id: backup }, data: { state: 'running' } })
  await changeSchedule(here.context, id, 'pause', actor)
  expect(words(await told())).toEqual(['closed: The scheduled backup “photos” was paused'])
  await changeSchedule(here.context, id, 'resume', actor)
  await makeDue(id)
  await runDueSchedules(here.context)
  expect((await listSchedules(here.context))[0]?.skipped).toContain(`backup ${backup}`)
  await watchSchedules(here.context)
  expect(await openTitles()).toEqual([])
  await here.db.worker.deleteMany()
  await watchSchedules(here.context)
  expect(words(await told())).toEqual(['opened: The scheduled backup “photos” has been waiting for an hour'])

  await here.db.backup.update({ where: { id: backup }, data: { state: 'complete', files: 1 } })
  await here.db.schedule.update({ where: { id }, data: { skipped: 'Nobody said where backups go.' } })
  await watchSchedules(here.context)
  expect(words(await told())).toEqual(['worse: The scheduled backup “photos” was not started'])
  await changeSchedule(here.context, id, 'remove', actor)
  expect(words(await told())).toEqual(['closed: The scheduled backup “photos” was removed'])
  expect(await openTitles()).toEqual([])
})

test('60 schedules come in pages, those in trouble first, and are found by name, folder and host, letter by letter', async () => {
  const before = await here.db.schedule.count()
  const { id: environmentId } = await here.db.environment.findFirstOrThrow()
  const numbers = Array.from({ length: 60 }, (_, index) => index)
  await here.db.schedule.createMany({
    data: numbers.map((index) => ({
      ...{ environmentId, host: `host-${index}`, every: 'daily', minute: 0, keep: 1, createdBy: actor },
      ...{ name: index === 7 ? '100%_photos' : `number ${index}`, source: `/srv/of-${index}/x` },
      nextRunAt: new Date('2099-01-01'),
    })),
  })
  const list = (query: object) => viewSchedules(here, schedulesQuerySchema.parse(query))
  const last = await here.db.schedule.findFirstOrThrow({ where: { name: 'number 59' } })
  const later = await here.db.schedule.findFirstOrThrow({ where: { name: 'number 3' } })
  const open = await here.db.alert.count({ where: { openFor: { not: null } } })
  await here.db.alert.createMany({
    data: [last.id, later.id, ...numbers.slice(2)].map((id) => ({
      ...{
        subject: `schedule:${id}`,
        openFor: `schedule:${id}`,
        state: 'failed',
        title: `of ${id}`,
        detail: 'It failed.',
      },
    })),
  })
  const total = before + 60
  const [first, third] = await Promise.all([list({ text: 'number' }), list({ text: 'number', page: 99 })])
  expect(first).toMatchObject({ total, found: 59, page: 1, pages: 3 })
  expect(first.rows.slice(0, 3)).toMatchObject([
    { id: later.id, trouble: 'It failed.' },
    { id: last.id, trouble: 'It failed.' },
    { name: 'number 0', trouble: null },
  ])
  expect([first.rows.length, third.page, third.rows.length]).toEqual([25, 3, 9])
  for (const text of ['0%_PHO', '/of-7/', 'HOST-7', '%'])
    expect((await list({ text })).rows, text).toMatchObject([{ name: '100%_photos' }])
  // Every page shows two of them, and how many more there are.
  const told = await viewOpenAlerts(here.db)
  expect([told.rows.length, told.moreKeys, told.moreSchedules]).toEqual([2, 0, open + 58])
})
