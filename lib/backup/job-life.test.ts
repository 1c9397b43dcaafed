import { randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { type Gate, openGate } from '#lib/aws/gate-for-tests.ts'
import { deadQueue, installQueuesOf, queueName } from '#lib/jobs/queue.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { failureOf } from './backup-for-tests.ts'
import { cancelBackup, cancelRestore } from './cancel-job.ts'
import { cleanUpBackup, cleanUpDue } from './clean-up.ts'
import { actor, openTestConsole, type TestConsole } from './console-for-tests.ts'
import { deleteBackup } from './delete-backup.ts'
import { failStaleStreams } from './fail-stale-streams.ts'
import { runBackup } from './run-backup.ts'
import { runRestore } from './run-restore.ts'
import { createBackupRow, savedEnvironment, startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { viewBackup, viewBackups, viewProgress } from './view-backups.ts'
import { viewLoss } from './view-loss.ts'

const bucket = 'vault-hosted-us-east-1'
const never = new AbortController().signal
let sandbox: TestSandbox
let gate: Gate
let here: TestConsole

beforeAll(async () => {
  sandbox = await openTestSandbox()
  gate = await openGate(sandbox.sandbox.endpoint)
  here = await openTestConsole({ endpoint: gate.endpoint, credentials: sandbox.administrator })
  await here.save({ masterKey: keyArn(sandbox.info, 'backups') })
})
afterAll(async () => {
  await here.close()
  await gate.close()
  await sandbox.close()
})
afterEach(async () => {
  await sandbox.control('DELETE', 'faults')
  await here.db.worker.deleteMany()
})

const root = () => here.context.sourceRoots[0] ?? ''
function makeSource(name: string, megabytes = 0): string {
  const folder = path.join(root(), name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'a.txt'), 'hello\n')
  if (megabytes > 0) writeFileSync(path.join(folder, 'noise'), randomBytes(megabytes << 20))
  return folder
}
const start = (source: string, more: { name?: string; host?: string } = {}) =>
  startBackup(here.context, { source, name: '', ...more }, 'page', actor)
const row = (id: string) => here.db.backup.findUniqueOrThrow({ where: { id } })
const complete = async (source: string) => {
  const id = await start(source)
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', error: null })
  return id
}
async function objectsOf(id: string): Promise<string[]> {
  const folder = `${here.environment}/backups/${id}/`
  const names: string[] = []
  for await (const page of paginateListObjectsV2({ client: sandbox.s3() }, { Bucket: bucket, Prefix: folder }))
    for (const { Key = '' } of page.Contents ?? []) names.push(Key.slice(folder.length))
  return names
}
const auditOf = async (id: string) =>
  (await here.db.auditEvent.findMany({ where: { subject: { contains: id } }, orderBy: { id: 'asc' } })).map(
    ({ action, outcome }) => `${action} ${outcome}`,
  )
const jobsOf = (id: string) =>
  here.db.$queryRaw<{ name: string; later: boolean }[]>`
    SELECT name, start_after > now() AS later FROM pgboss.job WHERE data->>'id' = ${id} ORDER BY created_on`
/** As if so much time had passed since it ended. */
const endedLongAgo = (id: string) =>
  here.db.backup.update({ where: { id }, data: { finishedAt: new Date(Date.now() - 600_000), nextTryAt: null } })

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
  const segment = gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/segments/`), 1)
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
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.cancel success', 'backup.finish failed'])
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
  const target = path.join(here.context.restoreRoots[0] ?? '', 'machine-gone')
  const restore = await startRestore(here.context, { backupId, target }, 'page', actor)
  await installQueuesOf(here.context.jobs, gone.host)
  await here.db.restore.update({ where: { id: restore }, data: gone })
  expect(await failureOf(deleteBackup(here.context, backupId, actor))).toMatchObject({ code: 'conflict' })
  expect(await cancelRestore(here.context, restore, actor)).toBe('cancelled')
  await deleteBackup(here.context, backupId, actor)
  // While a worker of the machine is there, it is the one to end it.
  await worker(gone.host, ['/srv'])
  const other = await start(source)
  await here.db.backup.update({ where: { id: other }, data: gone })
  expect(await cancelBackup(here.context, other, actor)).toBe('asked')
})

test('deleting says what is lost, then objects and row go, with an audit row at both ends', async () => {
  const source = makeSource('deleted')
  const older = await complete(source)
  const newer = await complete(source)
  expect((await viewLoss(here.context, older))?.sentences).toHaveLength(1)
  expect((await viewLoss(here.context, newer))?.sentences[1]).toContain('the newest restore point')
  await deleteBackup(here.context, older, actor)
  await deleteBackup(here.context, older, actor)
  expect(await row(older)).toMatchObject({ state: 'deleting' })
  expect(await failureOf(startRestore(here.context, { backupId: older, target: 'x' }, 'page', actor))).toMatchObject({
    code: 'invalid',
  })
  await cleanUpBackup(here.context, older)
  expect(await here.db.backup.findUnique({ where: { id: older } })).toBeNull()
  expect(await objectsOf(older)).toEqual([])
  expect((await auditOf(older)).slice(2)).toEqual(['backup.delete success', 'backup.deleted success'])
  expect((await viewLoss(here.context, newer))?.sentences[1]).toContain('the only restore point')
  expect(await viewLoss(here.context, older)).toBeUndefined()
})

test('a backup that is being written, restored or verified is not deleted', async () => {
  const source = makeSource('in-use')
  const queued = await start(source)
  expect(await failureOf(deleteBackup(here.context, queued, actor))).toMatchObject({
    code: 'conflict',
    fix: 'Cancel it first.',
  })
  const id = await complete(source)
  const target = path.join(here.context.restoreRoots[0] ?? '', 'in-use')
  const restore = await startRestore(here.context, { backupId: id, target }, 'page', actor)
  expect(await failureOf(deleteBackup(here.context, id, actor))).toMatchObject({
    message: `This backup is being restored to ${target}.`,
  })
  expect((await viewLoss(here.context, id))?.refusal).toContain('is being restored')
  await runRestore(here.context, restore, never)
  const check = await here.db.backupVerification.create({ data: { backupId: id, depth: 'quick', createdBy: actor } })
  expect(await failureOf(deleteBackup(here.context, id, actor))).toMatchObject({
    message: 'This backup is being verified.',
  })
  await here.db.backupVerification.update({ where: { id: check.id }, data: { state: 'complete' } })
  await deleteBackup(here.context, id, actor)
  expect(describeTree(target)).toEqual(describeTree(source))
})

test('a restore and a deletion at once: one of them is refused', async () => {
  const source = makeSource('race')
  for (let round = 0; round < 5; round += 1) {
    const backupId = await complete(source)
    const target = path.join(here.context.restoreRoots[0] ?? '', `race-${round}`)
    const [deleting, restoring] = await Promise.allSettled([
      deleteBackup(here.context, backupId, actor),
      startRestore(here.context, { backupId, target }, 'page', actor),
    ])
    expect([deleting.status, restoring.status].sort()).toEqual(['fulfilled', 'rejected'])
  }
})

test('a bucket that refuses keeps a deleted backup in the list, which says so, until a later pass', async () => {
  const id = await complete(makeSource('stubborn'))
  await deleteBackup(here.context, id, actor)
  await sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'DeleteObjects', effect: 'AccessDenied' }])
  await cleanUpBackup(here.context, id)
  expect(await row(id)).toMatchObject({
    state: 'deleting',
    tries: 1,
    error: expect.stringContaining('could not be deleted yet'),
  })
  await sandbox.control('DELETE', 'faults')
  await cleanUpDue(here.context, never)
  expect(await row(id)).toMatchObject({ state: 'deleting' })
  await here.db.backup.update({ where: { id }, data: { nextTryAt: new Date(0) } })
  await Promise.all([cleanUpDue(here.context, never), cleanUpDue(here.context, never)])
  expect(await here.db.backup.findUnique({ where: { id } })).toBeNull()
  expect((await auditOf(id)).filter((line) => line.startsWith('backup.deleted'))).toEqual(['backup.deleted success'])
})

test('what a failed backup left behind goes with the next pass, and is looked at once more later', async () => {
  const id = await start(makeSource('left', 17))
  await sandbox.control('PUT', 'faults', [
    { service: 's3', operation: 'DeleteObjects', effect: 'AccessDenied' },
    { service: 's3', operation: 'PutObject', effect: 'AccessDenied', after: 1 },
  ])
  await runBackup(here.context, id, never)
  await sandbox.control('DELETE', 'faults')
  expect(await row(id)).toMatchObject({ state: 'failed', cleanedAt: null })
  await cleanUpDue(here.context, never)
  expect(await objectsOf(id)).toEqual([])
  expect(await row(id)).toMatchObject({ cleanedAt: null })
  await endedLongAgo(id)
  await cleanUpDue(here.context, never)
  expect((await row(id)).cleanedAt).toBeInstanceOf(Date)
})

test('a stream whose receiver died is failed, one that is still coming is not', async () => {
  const stream = async (seenAt: Date) => {
    const { environmentId, revision } = await savedEnvironment(here.db)
    const source = { kind: 'stream', path: 'standard input', host: '' } as const
    const id = await createBackupRow(here.db, { environmentId, revision, name: '', source, actor })
    await here.db.backup.update({ where: { id }, data: { seenAt, state: 'running' } })
    return id
  }
  const dead = await stream(new Date(Date.now() - 61_000))
  const alive = await stream(new Date(Date.now() - 30_000))
  // No worker ever takes it for a folder.
  await runBackup(here.context, alive, never)
  expect(await row(alive)).toMatchObject({ state: 'running', attempt: 0 })
  await failStaleStreams(here.context)
  expect(await row(dead)).toMatchObject({ state: 'failed', error: expect.stringContaining('Send it again.') })
  expect(await auditOf(dead)).toEqual(['backup.start success', 'backup.finish failed'])
  expect(await row(alive)).toMatchObject({ state: 'running', error: null })
})

test('the clock of whoever looks for dead streams does not count, nor that of whoever receives one', async () => {
  const { environmentId, revision } = await savedEnvironment(here.db)
  const source = { kind: 'stream', path: 'standard input', host: '' } as const
  const id = await createBackupRow(here.db, { environmentId, revision, name: 'slow', source, actor })
  const open = Promise.withResolvers<void>()
  async function* bytes() {
    yield Buffer.from('one\n')
    await open.promise
  }
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 120_000 })
  onTestFinished(() => void vi.useRealTimers())
  const coming = runBackup(here.context, id, never, { kind: 'stream', name: 'slow', bytes: bytes() })
  await expect.poll(async () => (await row(id)).progress).toMatchObject({ currentPath: 'slow' })
  vi.setSystemTime(Date.now() + 240_000)
  await failStaleStreams(here.context)
  open.resolve()
  await coming
  expect(await row(id)).toMatchObject({ state: 'complete', error: null })
})

test('bytes that come once: backed up by whoever receives them', async () => {
  const { environmentId, revision } = await savedEnvironment(here.db)
  const source = { kind: 'stream', path: 'standard input', host: '' } as const
  const id = await createBackupRow(here.db, { environmentId, revision, name: 'dump', source, actor })
  async function* bytes() {
    yield Buffer.from('one\n')
    yield Buffer.from('two\n')
  }
  await runBackup(here.context, id, never, { kind: 'stream', name: 'dump.sql', bytes: bytes() })
  expect(await row(id)).toMatchObject({ state: 'complete', files: 1, bytes: 8n, error: null })

  const broken = await createBackupRow(here.db, { environmentId, revision, name: 'broken', source, actor })
  const gone = new AbortController()
  async function* endless() {
    for (;;) {
      yield Buffer.alloc(1000)
      gone.abort(new Error('The sender is gone.'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await runBackup(here.context, broken, gone.signal, { kind: 'stream', name: 'x', bytes: endless() })
  expect(await row(broken)).toMatchObject({ state: 'failed', error: 'The sender is gone.' })
  expect(await objectsOf(broken)).toEqual([])
})

test('a key that cannot be reached: the backup waits, takes no worker, and goes on by itself', async () => {
  const source = makeSource('waits')
  const id = await start(source)
  await sandbox.control('PUT', 'faults', [{ service: 'kms', operation: 'Encrypt', effect: 'Outage' }])
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
  await sandbox.control('DELETE', 'faults')
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', waitingFor: null, nextTryAt: null, error: null, tries: 0 })
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.finish success'])
}, 60_000)

test('waiting long enough is a failure, and a waiting one is cancelled at once', async () => {
  await sandbox.control('PUT', 'faults', [{ service: 'kms', operation: 'Encrypt', effect: 'Outage' }])
  const id = await start(makeSource('too-long'))
  await here.db.backup.update({ where: { id }, data: { state: 'waiting', tries: 300 } })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('could not be reached') })
  const other = await start(makeSource('too-long'))
  await runBackup(here.context, other, never)
  expect(await row(other)).toMatchObject({ state: 'waiting' })
  expect(await cancelBackup(here.context, other, actor)).toBe('cancelled')
  expect(await row(other)).toMatchObject({ state: 'cancelled', nextTryAt: null, waitingFor: null, error: null })
}, 60_000)

const worker = (host: string, sourceRoots: string[], seconds = 0) =>
  here.db.worker.create({ data: { host, sourceRoots, seenAt: new Date(Date.now() - seconds * 1000) } })

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
