import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { mailOf, webhookBodyOf } from '#lib/alerts/message-text.ts'
import type { AlertMessage } from '#lib/alerts/schema.ts'
import { listOpenAlerts } from '#lib/alerts/view-alerts.ts'
import { failureOf } from '#lib/backup/backup-for-tests.ts'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { backUpNow } from '#lib/backup/jobs-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { createBackupRow, savedEnvironment } from '#lib/backup/start-backup.ts'
import { messageOf } from '#lib/errors.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { changeSchedule } from './change-schedules.ts'
import { deleteOutdated } from './delete-outdated.ts'
import { runDueSchedules } from './run-due.ts'
import { viewSchedules } from './view-schedules.ts'
import { type Compared, watchSchedules } from './watch-schedules.ts'

const never = new AbortController().signal
let sandbox: TestSandbox
let here: TestConsole

beforeAll(async () => {
  sandbox = await openTestSandbox()
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  await here.save({ masterKey: keyArn(sandbox.info, 'backups') })
  await here.db.alertSettings.create({
    data: { webhook: { url: 'https://hooks.example.com' }, publicUrl: 'https://vault.example.com', updatedBy: actor },
  })
})
afterAll(async () => {
  await here.close()
  await sandbox.close()
})
afterEach(async () => {
  await here.db.worker.deleteMany()
  await here.db.schedule.deleteMany()
  await here.db.alert.deleteMany()
})

function makeSource(name: string): string {
  const folder = path.join(here.context.sourceRoots[0] ?? '', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'a.txt'), 'hello\n')
  return folder
}
const row = (id: string) => here.db.backup.findUniqueOrThrow({ where: { id } })
const complete = async (source: string) => {
  const id = await backUpNow(here.context, source)
  expect(await row(id)).toMatchObject({ state: 'complete', error: null })
  return id
}
const auditOf = async (id: string) =>
  (await here.db.auditEvent.findMany({ where: { subject: { contains: id } }, orderBy: { id: 'asc' } })).map(
    ({ action, outcome }) => `${action} ${outcome}`,
  )

async function schedule(source: string, keep = 2): Promise<string> {
  const { id } = await here.db.schedule.create({
    data: {
      environmentId: here.environment,
      name: path.basename(source),
      source,
      host: hostname(),
      every: 'daily',
      minute: 120,
      keep,
      nextRunAt: new Date(Date.now() - 3 * 24 * 3600_000),
      createdBy: actor,
    },
  })
  return id
}
const runsOf = (scheduleId: string) => here.db.backup.findMany({ where: { scheduleId }, orderBy: { id: 'asc' } })
const makeDue = (id: string) => here.db.schedule.update({ where: { id }, data: { nextRunAt: new Date(0) } })

test('whoever changes a schedule that somebody removes at the same moment is told that it is gone', async () => {
  for (let round = 0; round < 5; round += 1) {
    const id = await schedule(makeSource('contested'))
    const changes = ['remove', 'run', 'pause', 'remove', 'run'] as const
    const results = await Promise.allSettled(changes.map((change) => changeSchedule(here.context, id, change, actor)))
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []))
    for (const refusal of refusals) expect(refusal).toMatch(/^There is no schedule |is paused/)
    expect((await auditOf(id)).filter((line) => line === 'schedule.remove success')).toHaveLength(1)
  }
})

test('missed runs are made up for once, by one worker; a run is skipped while the one before is under way', async () => {
  const id = await schedule(makeSource('scheduled'))
  await Promise.all(Array.from({ length: 4 }, () => runDueSchedules(here.context)))
  const [first, ...others] = await runsOf(id)
  expect(others).toEqual([])
  expect(first).toMatchObject({ state: 'queued', host: hostname(), createdBy: 'console' })
  const { nextRunAt } = await here.db.schedule.findUniqueOrThrow({ where: { id } })
  expect(nextRunAt.getTime()).toBeGreaterThan(Date.now())
  await makeDue(id)
  await runDueSchedules(here.context)
  expect(await runsOf(id)).toHaveLength(1)
  expect(await auditOf(id)).toEqual(['schedule.skip failed'])
  await changeSchedule(here.context, id, 'pause', actor)
  await makeDue(id)
  await runBackup(here.context, first?.id ?? '', never)
  await runDueSchedules(here.context)
  expect(await runsOf(id)).toHaveLength(1)
  await changeSchedule(here.context, id, 'resume', actor)
  await runDueSchedules(here.context)
  expect(await runsOf(id)).toHaveLength(1)
  await makeDue(id)
  await runDueSchedules(here.context)
  expect(await runsOf(id)).toHaveLength(2)
})

test('a schedule that cannot be started holds up no other, and one of a machine that never ran has its job wait', async () => {
  const [poison, absent] = [await schedule(makeSource('poison')), await schedule(makeSource('absent'))]
  const due = (days: number) => new Date(Date.now() - days * 24 * 3600_000)
  await here.db.schedule.update({ where: { id: poison }, data: { name: 'poison', nextRunAt: due(9) } })
  const host = `absent-${absent}`
  await here.db.schedule.update({ where: { id: absent }, data: { host, nextRunAt: due(1) } })
  await here.db.$executeRaw`ALTER TABLE "backup" ADD CONSTRAINT "no_poison" CHECK ("name" <> 'poison')`
  try {
    await expect(runDueSchedules(here.context)).rejects.toThrow(poison)
  } finally {
    await here.db.$executeRaw`ALTER TABLE "backup" DROP CONSTRAINT "no_poison"`
  }
  expect(await runsOf(poison)).toEqual([])
  await watchSchedules(here.context)
  expect(await openTitles()).toEqual(['The scheduled backup “poison” was not started'])
  await told()
  const [waiting] = await runsOf(absent)
  expect(waiting).toMatchObject({ state: 'queued', host })
  const jobs = await here.db.$queryRaw`SELECT name FROM pgboss.job WHERE data->>'id' = ${waiting?.id}`
  expect(jobs).toEqual([{ name: queueName('backup', host) }])
})

test('a run that a clock set wrong put off for years is planned anew, one put off by an hour is not', async () => {
  const hours = (n: number) => new Date(Date.now() + n * 3600_000)
  const id = await schedule(makeSource('put-off'))
  const planned = async (every: 'daily' | 'weekly', nextRunAt: Date) => {
    await here.db.schedule.update({ where: { id }, data: { every, weekday: 0, nextRunAt } })
    await runDueSchedules(here.context)
    return (await here.db.schedule.findUniqueOrThrow({ where: { id } })).nextRunAt.getTime()
  }
  expect(await planned('daily', hours(25))).toBeGreaterThan(hours(24.5).getTime())
  expect(await planned('daily', hours(4 * 365 * 24))).toBeLessThanOrEqual(hours(24).getTime())
  expect(await planned('weekly', hours(7 * 24 + 1))).toBeGreaterThan(hours(7 * 24).getTime())
  expect(await planned('weekly', hours(4 * 365 * 24))).toBeLessThanOrEqual(hours(7 * 24).getTime())
  expect(await runsOf(id)).toEqual([])
  await changeSchedule(here.context, id, 'remove', actor)
})

test('no good one goes for one that holds nothing, or for one of a clock that was ahead', async () => {
  const source = makeSource('worth-keeping')
  const { environmentId, revision } = await savedEnvironment(here.db)
  const good = { files: 3, warningCount: 1 }
  const empty = { files: 0, warningCount: 1 }
  /** Of a schedule that keeps two, oldest first: which are kept. */
  const kept = async (
    backups: readonly { files: number; warningCount: number; bytes?: bigint; createdAt?: Date }[],
  ) => {
    const scheduleId = await schedule(source, 2)
    for (const [index, data] of backups.entries()) {
      const where = { kind: 'folder', path: source, host: '' } as const
      const id = await createBackupRow(here.db, { environmentId, revision, name: '', source: where, scheduleId, actor })
      await here.db.backup.update({ where: { id }, data: { name: String(index), state: 'complete', ...data } })
    }
    await deleteOutdated(here.context)
    const left = (await runsOf(scheduleId)).filter(({ state }) => state === 'complete')
    await here.db.backup.deleteMany({ where: { scheduleId } })
    await changeSchedule(here.context, scheduleId, 'remove', actor)
    return left.map(({ name }) => name).join('')
  }
  expect(await kept([good, good, good])).toBe('12')
  expect(await kept([good, good, good, empty, empty])).toBe('1234')
  expect(await kept([good, empty, empty, empty, empty])).toBe('034')
  expect(await kept([good, empty, good, good])).toBe('23')
  // A folder of nothing but what cannot be backed up.
  expect(await kept([empty, empty, empty])).toBe('12')
  expect(await kept([{ files: 0, warningCount: 0 }, good, good])).toBe('12')
  // A disk that went away in the middle: each such backup holds something.
  const whole = { files: 10_000, bytes: 2n ** 40n, warningCount: 1 }
  const cut = { files: 1200, bytes: 2n ** 36n, warningCount: 8801 }
  expect(await kept([whole, whole, whole, cut, cut, cut])).toBe('1245')
  expect(await kept([whole, cut, cut, empty, empty, empty])).toBe('01245')
  expect(await kept([whole, cut, whole, cut, whole])).toBe('234')
  // A disk within the folder that was not mounted: nothing was missed.
  expect(
    await kept([whole, whole, ...Array.from({ length: 3 }, () => ({ ...cut, files: 900, warningCount: 0 }))]),
  ).toBe('0134')
  expect(await kept([whole, { ...whole, files: 5000 }, { ...whole, files: 5000 }])).toBe('12')
  const ahead = { ...good, createdAt: new Date(Date.now() + 4 * 365 * 24 * 3600_000) }
  // By their IDs, too, they are the newest.
  expect(await kept([good, good, good, ahead, ahead])).toBe('1234')
})

test('keeps the last complete ones of this schedule, and nothing else goes', async () => {
  const source = makeSource('kept')
  const id = await schedule(source)
  const byHand = await complete(source)
  for (let run = 0; run < 4; run += 1) {
    await makeDue(id)
    await runDueSchedules(here.context)
    const newest = (await runsOf(id)).at(-1)?.id ?? ''
    await runBackup(here.context, newest, never)
  }
  const [first, second, third, fourth] = await runsOf(id)
  // The oldest is in use; a failed one does not count.
  await here.db.restore.create({ data: { backupId: first?.id ?? '', target: '/nowhere', createdBy: actor } })
  await deleteOutdated(here.context)
  const states = async () => (await runsOf(id)).map(({ state }) => state)
  expect(await states()).toEqual(['complete', 'deleting', 'complete', 'complete'])
  await here.db.restore.deleteMany({ where: { backupId: first?.id ?? '' } })
  await deleteOutdated(here.context)
  expect(await states()).toEqual(['deleting', 'deleting', 'complete', 'complete'])
  await cleanUpBackup(here.context, first?.id ?? '')
  await cleanUpBackup(here.context, second?.id ?? '')
  expect((await runsOf(id)).map((run) => run.id)).toEqual([third?.id, fourth?.id])

  // A damaged one takes no other's place.
  await makeDue(id)
  await runDueSchedules(here.context)
  const fifth = (await runsOf(id)).at(-1)?.id ?? ''
  await runBackup(here.context, fifth, never)
  const found = { backupId: fifth, depth: 'full', state: 'complete', createdBy: actor } as const
  await here.db.backupVerification.create({ data: { ...found, problemCount: 1 } })
  await deleteOutdated(here.context)
  expect(await states()).toEqual(['complete', 'complete', 'complete'])
  await here.db.backupVerification.create({ data: found })
  await deleteOutdated(here.context)
  expect(await states()).toEqual(['deleting', 'complete', 'complete'])
  await cleanUpBackup(here.context, third?.id ?? '')
  expect(await row(byHand)).toMatchObject({ state: 'complete' })
  expect(await viewSchedules(here.context)).toContainEqual(
    expect.objectContaining({ id, kept: 2, served: false, last: expect.objectContaining({ id: fifth }) }),
  )
  await changeSchedule(here.context, id, 'remove', actor)
  expect(await row(fourth?.id ?? '')).toMatchObject({ state: 'complete', scheduleId: null })
})

/** What was sent since it was last asked. */
async function told(): Promise<AlertMessage[]> {
  const rows = await here.db.alertDelivery.findMany({ orderBy: { id: 'asc' } })
  await here.db.alertDelivery.deleteMany()
  return rows.map(({ message }): AlertMessage => JSON.parse(JSON.stringify(message)))
}
const words = (messages: readonly AlertMessage[]) => messages.map(({ kind, title }) => `${kind}: ${title}`)
const openTitles = async () => (await listOpenAlerts(here.db)).map(({ title }) => title)
/** A run of a schedule, with whatever became of it. */
async function run(scheduleId: string, data: Parameters<typeof here.db.backup.update>[0]['data']): Promise<string> {
  const { environmentId, revision } = await savedEnvironment(here.db)
  const source = { kind: 'folder', path: '/srv/photos', host: 'files' } as const
  const id = await createBackupRow(here.db, { environmentId, revision, name: '', source, scheduleId, actor })
  await here.db.backup.update({ where: { id }, data })
  return id
}
/** One whose next run is not due. */
async function planned(source: string): Promise<string> {
  const id = await schedule(source)
  await here.db.schedule.update({ where: { id }, data: { nextRunAt: new Date(Date.now() + 3_600_000) } })
  return id
}
const anHourAgo = () => new Date(Date.now() - 3_660_000)

test('a scheduled backup that fails is told once, by several workers too, and once more when one is made again', async () => {
  const source = makeSource('nightly')
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
  expect(await viewSchedules(here.context)).toMatchObject([{ trouble: 'The key is disabled. Enable it.' }])
  expect(await listOpenAlerts(here.db)).toMatchObject([{ of: 'schedule', title, path: '/backups/schedules' }])
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
  expect((await viewSchedules(here.context))[0]?.trouble).toContain('301 files')
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
  expect((await viewSchedules(here.context))[0]?.skipped).toContain(`backup ${backup}`)
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

test('a schedule runs at once when somebody wants it, but not while it is paused', async () => {
  const id = await planned(makeSource('at-once'))
  await runDueSchedules(here.context)
  expect(await runsOf(id)).toEqual([])
  await changeSchedule(here.context, id, 'run', actor)
  await runDueSchedules(here.context)
  expect(await runsOf(id)).toHaveLength(1)
  expect((await here.db.schedule.findUniqueOrThrow({ where: { id } })).nextRunAt.getTime()).toBeGreaterThan(Date.now())
  await changeSchedule(here.context, id, 'pause', actor)
  expect(await failureOf(changeSchedule(here.context, id, 'run', actor))).toMatchObject({ code: 'conflict' })
  expect(await auditOf(id)).toEqual(['schedule.run success', 'schedule.pause success'])
})
