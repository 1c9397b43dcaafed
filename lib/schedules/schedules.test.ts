import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { failureOf } from '#lib/backup/backup-for-tests.ts'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { createBackupRow } from '#lib/backup/start-backup.ts'
import { savedEnvironment } from '#lib/environment/access.ts'
import { messageOf } from '#lib/errors.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { changeSchedule } from './change-schedules.ts'
import { deleteOutdated } from './delete-outdated.ts'
import { runDueSchedules } from './run-due.ts'
import { schedulingConsole } from './scheduling-console-for-tests.ts'
import { listSchedules } from './view-schedules.ts'
import { watchSchedules } from './watch-schedules.ts'

const never = new AbortController().signal
const here = schedulingConsole()
const { auditOf, complete, makeDue, makeSmallSource, openTitles, planned, row, runsOf, schedule } = here

test('whoever changes a schedule that somebody removes at the same moment is told that it is gone', async () => {
  for (let round = 0; round < 5; round += 1) {
    const id = await schedule(makeSmallSource('contested'))
    const changes = ['remove', 'run', 'pause', 'remove', 'run'] as const
    const results = await Promise.allSettled(changes.map((change) => changeSchedule(here.context, id, change, actor)))
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []))
    for (const refusal of refusals) expect(refusal).toMatch(/^There is no schedule |is paused/)
    expect((await auditOf(id)).filter((line) => line === 'schedule.remove success')).toHaveLength(1)
  }
})

test('missed runs are made up for once, by one worker; a run is skipped while the one before is under way', async () => {
  const id = await schedule(makeSmallSource('scheduled'))
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

test('a schedule runs at once when somebody wants it, but not while it is paused', async () => {
  const id = await planned(makeSmallSource('at-once'))
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

test('a schedule that cannot be started holds up no other, and one of a machine that never ran has its job wait', async () => {
  const [poison, absent] = [await schedule(makeSmallSource('poison')), await schedule(makeSmallSource('absent'))]
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
  const [waiting] = await runsOf(absent)
  expect(waiting).toMatchObject({ state: 'queued', host })
  const jobs = await here.db.$queryRaw`SELECT name FROM pgboss.job WHERE data->>'id' = ${waiting?.id}`
  expect(jobs).toEqual([{ name: queueName('backup', host) }])
})

test('a run that a clock set wrong put off for years is planned anew, one put off by an hour is not', async () => {
  const hours = (n: number) => new Date(Date.now() + n * 3600_000)
  const id = await schedule(makeSmallSource('put-off'))
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
  const source = makeSmallSource('worth-keeping')
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
  const source = makeSmallSource('kept')
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
  expect(await listSchedules(here.context)).toContainEqual(
    expect.objectContaining({ id, kept: 2, served: false, last: expect.objectContaining({ id: fifth }) }),
  )
  await changeSchedule(here.context, id, 'remove', actor)
  expect(await row(fourth?.id ?? '')).toMatchObject({ state: 'complete', scheduleId: null })
})
