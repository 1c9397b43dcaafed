import { symlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { Db, Tx } from '#lib/db.ts'
import { deadQueue, installQueuesOf, queueName } from '#lib/jobs/queue.ts'
import { failureOf } from './backup-for-tests.ts'
import { cancelBackup, cancelRestore } from './cancel-job.ts'
import { cleanUpBackup, cleanUpDue } from './clean-up.ts'
import { actor } from './console-for-tests.ts'
import { deleteBackup } from './delete-backup.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { runRestore } from './run-restore.ts'
import { startRestore } from './start-restore.ts'
import { viewBackup, viewBackups, viewProgress } from './view-backups.ts'
import { viewLoss } from './view-loss.ts'

const never = new AbortController().signal
const here = gatedConsole()
const { auditOf, complete, endedLongAgo, makeSource, objectsOf, root, row, start } = here
beforeAll(async () => {
  await here.save({ masterKey: here.key('backups') })
})

const jobsOf = (id: string) =>
  here.db.$queryRaw<{ name: string; later: boolean }[]>`
    SELECT name, start_after > now() AS later FROM pgboss.job WHERE data->>'id' = ${id} ORDER BY created_on`
const worker = (host: string, sourceRoots: string[], seconds = 0) =>
  here.db.worker.create({ data: { host, sourceRoots, seenAt: new Date(Date.now() - seconds * 1000) } })

test('a job waits as long as its host is off, and one that nobody could end waits to be ended', async () => {
  const id = await start(makeSource('host-off'))
  const [job] = await here.db.$queryRaw<{ years: number }[]>`
    SELECT date_part('year', age(keep_until, created_on))::int AS years FROM pgboss.job WHERE data->>'id' = ${id}`
  expect(job?.years).toBeGreaterThanOrEqual(9)
  const dead = await here.context.jobs.getQueue(deadQueue('backup'))
  expect(dead).toMatchObject({ retryLimit: 1000, retryDelay: 30 })
  expect(dead?.retentionSeconds).toBeGreaterThan(9 * 365 * 24 * 3600)
  await cancelBackup(here.context, id, actor)
})

test('cancelled while it is queued: at once, with one audit row, and it never starts', async () => {
  const id = await start(makeSource('queued'))
  expect(await cancelBackup(here.context, id, actor)).toBe('cancelled')
  expect(await row(id)).toMatchObject({ state: 'cancelled', error: null, finishedAt: expect.any(Date) })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'cancelled' })
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.cancel success'])
  expect(await failureOf(cancelBackup(here.context, id, actor))).toMatchObject({ code: 'conflict' })
})

test('cancelled while it runs: it ends by itself, and leaves nothing in the bucket or the journal', async () => {
  const id = await start(makeSource('running', 34))
  const segment = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/segments/`), 1)
  const running = runBackup(here.context, id, never)
  await segment.arrived(1)
  expect(await cancelBackup(here.context, id, actor)).toBe('asked')
  await expect.poll(async () => (await row(id)).state, { timeout: 15_000 }).toBe('cancelled')
  segment.release()
  await running
  // What was on its way may arrive after the end: the pass looks once more.
  await expect
    .poll(
      async () => {
        await endedLongAgo(id)
        await cleanUpDue(here.context, never)
        return objectsOf(id)
      },
      { timeout: 15_000 },
    )
    .toEqual([])
  expect(await here.db.backupPart.count({ where: { backupId: id } })).toBe(0)
  expect(await here.db.backupCheckpoint.count({ where: { backupId: id } })).toBe(0)
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.cancel success', 'backup.finish cancelled'])
})

test('a backup whose worker died is cancelled by the next one', async () => {
  const id = await start(makeSource('dead'))
  await here.db.backup.update({ where: { id }, data: { state: 'running', attempt: 1 } })
  expect(await cancelBackup(here.context, id, actor)).toBe('asked')
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'cancelled', attempt: 2 })
})

test('a backup or restore whose machine is gone for good is cancelled at once, and keeps nothing from being deleted', async () => {
  const source = makeSource('machine-gone')
  const gone = { host: 'gone.example.test', state: 'running', attempt: 1 } as const
  await worker(hostname(), [root()])
  await worker(gone.host, ['/srv'], 60)
  const id = await start(source)
  await here.db.backup.update({ where: { id }, data: gone })
  const why = { state: 'running', error: expect.stringContaining('No worker of gone.example.test is running.') }
  expect(await viewProgress(here.context, 'backup', id)).toMatchObject(why)
  expect(await viewBackup(here.context, id)).toMatchObject({ host: 'gone.example.test' })
  expect(await cancelBackup(here.context, id, actor)).toBe('cancelled')
  expect(await row(id)).toMatchObject({ state: 'cancelled', attempt: 2 })
  const backupId = await complete(source)
  const target = here.newTarget('machine-gone')
  const restore = await startRestore(here.context, { backupId, target }, 'page', actor)
  await installQueuesOf(here.context.jobs, gone.host)
  await here.db.restore.update({ where: { id: restore }, data: gone })
  expect(await failureOf(deleteBackup(here.context, backupId, actor))).toMatchObject({ code: 'conflict' })
  expect(await cancelRestore(here.context, restore, actor)).toBe('cancelled')
  // Nobody there will ever tidy up: it is told where something stays, before and after.
  const stays = `What a cancelled restore left on ${gone.host}, in hidden folders beside ${target}, stays there`
  expect((await viewLoss(here.context, backupId))?.sentences.at(-1)).toContain(stays)
  await deleteBackup(here.context, backupId, actor)
  await cleanUpBackup(here.context, backupId)
  const told = await here.db.auditEvent.findFirst({ where: { action: 'backup.deleted' }, orderBy: { id: 'desc' } })
  expect(told).toMatchObject({
    subject: expect.stringContaining(backupId),
    changes: { 'left by a cancelled restore': [null, `beside ${target} on ${gone.host}`] },
  })
  // While a worker of the machine is there, it is the one to end it.
  await worker(gone.host, ['/srv'])
  const other = await start(source)
  await here.db.backup.update({ where: { id: other }, data: gone })
  expect(await cancelBackup(here.context, other, actor)).toBe('asked')
})

test('a key that cannot be reached: the backup waits, takes no worker, and goes on by itself', async () => {
  const source = makeSource('waits')
  const id = await start(source)
  await here.fail({ service: 'kms', operation: 'Encrypt', effect: 'Outage' })
  await runBackup(here.context, id, never)
  const waiting = await row(id)
  expect(waiting).toMatchObject({ state: 'waiting', waitingFor: 'key', tries: 1, envelope: null, finishedAt: null })
  expect(waiting.error).toMatch(/^AWS KMS in us-east-1 could not be reached/)
  expect(waiting.nextTryAt?.getTime()).toBeGreaterThan(Date.now())
  expect(await objectsOf(id)).toEqual([])
  expect(await jobsOf(id)).toEqual([
    { name: queueName('backup', hostname()), later: false },
    { name: queueName('backup', hostname()), later: true },
  ])
  expect(await viewProgress(here.context, 'backup', id)).toMatchObject({
    state: 'waiting',
    waitingFor: 'key',
    nextTryAt: waiting.nextTryAt?.toISOString(),
  })
  expect((await viewBackups(here.context, {})).active.map((one) => one.id)).toContain(id)
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'waiting', tries: 2 })
  await here.sandbox.control('DELETE', 'faults')
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', waitingFor: null, nextTryAt: null, error: null, tries: 0 })
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.finish success'])
}, 60_000)

test('waiting long enough is a failure, and a waiting one is cancelled at once', async () => {
  await here.fail({ service: 'kms', operation: 'Encrypt', effect: 'Outage' })
  const id = await start(makeSource('too-long'))
  await here.db.backup.update({ where: { id }, data: { state: 'waiting', tries: 300 } })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('could not be reached') })
  const other = await start(makeSource('also-too-long'))
  await runBackup(here.context, other, never)
  expect(await row(other)).toMatchObject({ state: 'waiting' })
  expect(await cancelBackup(here.context, other, actor)).toBe('cancelled')
  expect(await row(other)).toMatchObject({ state: 'cancelled', nextTryAt: null, waitingFor: null, error: null })
}, 60_000)

/** A database in which something happens just before the first transaction of whoever uses it. */
function before(happens: () => Promise<unknown>): Db {
  let happened: Promise<unknown> | undefined
  return new Proxy(here.db, {
    get(db, name) {
      if (name !== '$transaction') return Reflect.get(db, name)
      return async (work: (tx: Tx) => Promise<unknown>) => {
        happened ??= happens()
        await happened
        return db.$transaction(work)
      }
    },
  })
}

test('cancelled just when it would begin to wait: it was cancelled, and has not failed', async () => {
  const source = makeSource('cancelled-late')
  const backupId = await complete(source)
  await here.sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', effect: 'Outage' }])
  const id = await start(source)
  const db = before(async () => expect(await cancelBackup(here.context, id, actor)).toBe('asked'))
  await runBackup({ ...here.context, db }, id, never)
  expect(await row(id)).toMatchObject({ state: 'cancelled', error: null, finishedAt: expect.any(Date) })
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.cancel success', 'backup.finish cancelled'])

  const target = path.join(here.context.restoreRoots[0] ?? '', 'cancelled-late')
  const restore = await startRestore(here.context, { backupId, target }, 'page', actor)
  const late = before(async () => expect(await cancelRestore(here.context, restore, actor)).toBe('asked'))
  await runRestore({ ...here.context, db: late }, restore, never)
  const ended = await here.db.restore.findUniqueOrThrow({ where: { id: restore } })
  expect(ended).toMatchObject({ state: 'cancelled', error: null })
  expect((await auditOf(backupId)).slice(2)).toEqual([
    'restore.start success',
    'restore.cancel success',
    'restore.finish cancelled',
  ])
}, 60_000)

test('a backup goes to the host that has its folder', async () => {
  const source = makeSource('hosts')
  await worker('one.example.test', ['/srv/one', '/srv/both'])
  await worker('two.example.test', ['/srv/two', '/srv/both'])
  await worker('dead.example.test', ['/srv/dead'], 60)

  for (const host of ['one.example.test', 'two.example.test']) await installQueuesOf(here.context.jobs, host)

  const id = await start('/srv/two/inner')
  expect(await row(id)).toMatchObject({ host: 'two.example.test', source: '/srv/two/inner' })
  expect((await jobsOf(id)).map(({ name }) => name)).toEqual([queueName('backup', 'two.example.test')])
  expect(await failureOf(start('/srv/both'))).toMatchObject({
    message: 'Several hosts have the folder /srv/both: one.example.test, two.example.test.',
  })
  const chosen = await start('/srv/both', { host: 'one.example.test' })
  expect(await row(chosen)).toMatchObject({ host: 'one.example.test' })
  expect(await failureOf(start('/srv/two', { host: 'one.example.test' }))).toMatchObject({ code: 'denied' })
  expect(await failureOf(start('/srv/dead'))).toMatchObject({
    code: 'unavailable',
    message: 'No running worker has the folder /srv/dead.',
    fix: expect.stringContaining('one.example.test, two.example.test'),
  })
  expect(await failureOf(start('/srv/dead', { host: 'dead.example.test' }))).toMatchObject({ code: 'unavailable' })
  // With a worker of this machine, its folders are its own to find.
  await worker(hostname(), [root()])
  expect(await row(await start(source))).toMatchObject({ host: hostname(), source })
  expect((await viewBackups(here.context, {})).sources).toContainEqual({
    path: '/srv/two',
    host: 'two.example.test',
    label: '/srv/two on two.example.test',
  })
})

test('a job is still there for a machine that was off for months', async () => {
  const id = await start(makeSource('months'))
  await here.db.$executeRaw`
    UPDATE pgboss.job SET created_on = created_on - interval '90 days', start_after = start_after - interval '90 days',
      keep_until = keep_until - interval '90 days' WHERE data->>'id' = ${id}`
  await here.db.$executeRaw`UPDATE pgboss.queue SET monitor_claim_on = NULL, monitor_on = NULL, maintain_on = NULL`
  await here.context.jobs.supervise()
  expect(await jobsOf(id)).toEqual([{ name: queueName('backup', hostname()), later: false }])
})

test('a link that leads elsewhere is not backed up by a worker', async () => {
  const source = makeSource('linked')
  const link = path.join(root(), 'a-link')
  symlinkSync(source, link)
  const id = await start(source)
  await here.db.backup.update({ where: { id }, data: { source: link } })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('leads through a link') })
})
