import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { keyArn } from '#lib/sandbox/open-test-sandbox.ts'
import { connectBackup } from './backup-context.ts'
import { failureOf } from './backup-for-tests.ts'
import { actor } from './console-for-tests.ts'
import { countSource } from './count-source.ts'
import { giveUpBackup } from './end-backup.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { restoreNow } from './jobs-for-tests.ts'
import { partName } from './layout.ts'
import { openRow } from './open-row.ts'
import { runBackup } from './run-backup.ts'
import { startBackup } from './start-backup.ts'
import { viewProgress } from './view-backups.ts'

vi.mock(import('./count-source.ts'), async (original) => {
  const { countSource } = await original()
  return { countSource: vi.fn(countSource) }
})

const never = new AbortController().signal
const here = gatedConsole()
const { makeSource, objectsOf, root, row, start } = here
let key: string
beforeAll(() => {
  key = keyArn(here.sandbox.info, 'backups')
})

async function namedObjects(id: string): Promise<string[]> {
  const backup = await row(id)
  const connection = await connectBackup(here.context, backup)
  const { manifest } = await openRow(backup, connection)
  connection.close()
  const parts = [...manifest.segments, ...manifest.entries].map(({ place }) => partName(place))
  return ['envelope.json', 'manifest', ...parts].sort()
}

async function auditOf(id: string): Promise<{ action: string; outcome: string; actor: string }[]> {
  return here.db.auditEvent.findMany({
    where: { subject: { contains: id } },
    orderBy: { id: 'asc' },
    select: { action: true, outcome: true, actor: true },
  })
}

async function jobsOf(id: string): Promise<string[]> {
  const rows = await here.db.$queryRaw<{ name: string }[]>`SELECT name FROM pgboss.job WHERE data->>'id' = ${id}`
  return rows.map(({ name }) => name)
}

async function restored(id: string): Promise<Record<string, string>> {
  const target = path.join(here.context.restoreRoots[0] ?? '', `of-${id}`)
  expect(await restoreNow(here.context, id, target)).toMatchObject({ state: 'complete', error: null })
  return describeTree(target)
}

const kmsCounts = async () => (await here.sandbox.control('GET', 'requests')).counts.kms ?? {}
const started = { action: 'backup.start', outcome: 'success', actor }
const finished = { action: 'backup.finish', outcome: 'success', actor }
const failed = { action: 'backup.finish', outcome: 'failed', actor }

test('a backup starts as one row, one audit row and one job, and nothing without an environment', async () => {
  const source = makeSource('first')
  expect(await failureOf(start(source))).toMatchObject({ code: 'invalid' })
  expect(await here.db.backup.count()).toBe(0)
  expect(await here.db.auditEvent.count()).toBe(0)

  await here.save({ masterKey: key })
  const id = await start(source)
  expect(await row(id)).toMatchObject({
    environmentId: here.environment,
    revision: 1,
    name: 'first',
    source,
    state: 'queued',
    region: 'us-east-1',
    bucket: 'vault-hosted-us-east-1',
    prefix: '',
    method: 'AWS-KMS',
    keyIds: [],
    attempt: 0,
    createdBy: actor,
  })
  expect(await jobsOf(id)).toEqual([queueName('backup', hostname())])
  expect(await auditOf(id)).toEqual([started])
})

test('a transaction that is refused at its very end leaves neither row nor job nor audit row', async () => {
  await here.db.$executeRaw`
    CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$`
  await here.db.$executeRaw`
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON backup DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.name = 'refuse me') EXECUTE FUNCTION refuse_row()`
  const counts = async () => [
    await here.db.backup.count(),
    await here.db.auditEvent.count(),
    await here.db.$queryRaw`SELECT count(*)::int AS jobs FROM pgboss.job`,
  ]
  const before = await counts()
  expect(String(await failureOf(start(makeSource('refused'), { name: 'refuse me' })))).toContain('refused at commit')
  expect(await counts()).toEqual(before)
})

test('one Encrypt for a backup, one Decrypt for its restore, and the tree is the same', async () => {
  const source = makeSource('whole', 17)
  const id = await start(source, { name: 'My backup' })
  await here.sandbox.control('DELETE', 'requests')
  await runBackup(here.context, id, never)
  expect(await kmsCounts()).toEqual({ Encrypt: 1 })

  const backup = await row(id)
  expect(backup).toMatchObject({
    state: 'complete',
    error: null,
    name: 'My backup',
    attempt: 1,
    generation: 1,
    keyIds: [key],
    files: 3,
    bytes: BigInt((17 << 20) + 6),
    warningCount: 0,
    warnings: [],
  })
  expect(backup.bytesStored).toBeGreaterThan(17n << 20n)
  expect(backup.envelopeSha256).toMatch(/^[0-9a-f]{64}$/)
  expect(backup.finishedAt?.getTime()).toBeGreaterThanOrEqual(backup.startedAt?.getTime() ?? Number.POSITIVE_INFINITY)
  expect(await objectsOf(id)).toEqual(await namedObjects(id))
  expect(await auditOf(id)).toEqual([started, finished])

  await here.sandbox.control('DELETE', 'requests')
  expect(await restored(id)).toEqual(describeTree(source))
  expect(await kmsCounts()).toEqual({ Decrypt: 1 })

  // The job may be delivered again: there is nothing left to do.
  await runBackup(here.context, id, never)
  expect(await row(id)).toEqual(backup)
})

test('a watcher sees totals and what is done while it runs', async () => {
  const id = await start(makeSource('watched', 17))
  const atEnd = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/manifest`))
  const running = runBackup(here.context, id, never)
  await atEnd.arrived(1)
  const total = (17 << 20) + 6
  await expect
    .poll(() => viewProgress(here.context, 'backup', id), { timeout: 20_000 })
    .toMatchObject({ state: 'running', filesTotal: 3, bytesTotal: total, error: null, finishedAt: null })
  const progress = await viewProgress(here.context, 'backup', id)
  expect(progress?.bytesDone).toBeLessThanOrEqual(total)
  expect(progress?.filesDone).toBeLessThanOrEqual(3)
  atEnd.release()
  await running
  expect(await viewProgress(here.context, 'backup', id)).toMatchObject({ state: 'complete' })
})

test('AES-256 and unencrypted backups ask KMS nothing', async () => {
  const source = makeSource('without-kms')
  for (const [changes, keyIds] of [
    [{ method: 'AES-256' }, [expect.stringMatching(/^root-key\//)]],
    [{ encrypt: false }, []],
  ] as const) {
    await here.save(changes)
    const id = await start(source)
    await here.sandbox.control('DELETE', 'requests')
    await runBackup(here.context, id, never)
    expect(await row(id)).toMatchObject({ state: 'complete', keyIds, error: null })
    expect(await restored(id)).toEqual(describeTree(source))
    expect(await kmsCounts()).toEqual({})
  }
  await here.save({ masterKey: key })
})

test('a backup keeps to the revision it was started with', async () => {
  const id = await start(makeSource('revision'))
  await here.save({ masterKey: keyArn(here.sandbox.info, 'archive') })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', keyIds: [key] })
  await here.save({ masterKey: key })
})

test('a key that was disabled meanwhile: failed with the diagnosis, and nothing in the bucket', async () => {
  const id = await start(makeSource('disabled'))
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  await runBackup(here.context, id, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  const backup = await row(id)
  expect(backup).toMatchObject({ state: 'failed', manifestSha256: null })
  expect(backup.error).toMatch(/^The key is disabled: .* Enable the key, wait a minute, and check again\.$/)
  expect(await objectsOf(id)).toEqual([])
  expect(await auditOf(id)).toEqual([started, failed])
})

test.each<[string, string[], RegExp | undefined]>([
  ['an empty folder', [], /^nothing was backed up: it is empty; .* mounted\?$/],
  ['patterns that match nothing', ['*.nothing'], /^nothing was backed up: .* its patterns leave everything out$/],
  ['a folder of which something matches', ['a.txt'], undefined],
])('%s: complete, and a warning where nothing was backed up', async (name, include, message) => {
  const folder = path.join(root(), name)
  if (include.length === 0) mkdirSync(folder)
  const source = include.length === 0 ? folder : makeSource(name)
  const id = await startBackup(here.context, { source, name: '', include }, 'page', actor)
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({
    state: 'complete',
    warningCount: message ? 1 : 0,
    warnings: message ? [{ path: source, message: expect.stringMatching(message) }] : [],
  })
})

test('a source that is gone and a bucket that refuses are told by the row', async () => {
  const gone = await start(makeSource('gone'))
  await here.db.backup.update({ where: { id: gone }, data: { source: '/nonexistent/source' } })
  await runBackup(here.context, gone, never)
  expect(await row(gone)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('The folder /nonexistent/source does not exist.'),
  })

  const refused = await start(makeSource('refused-by-bucket'))
  await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'PutObject', effect: 'AccessDenied' }])
  await runBackup(here.context, refused, never)
  await here.sandbox.control('DELETE', 'faults')
  expect(await row(refused)).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/^Writing objects was refused/),
  })
  expect(await objectsOf(refused)).toEqual([])

  const noKey = await start(makeSource('refused-by-key'))
  await here.sandbox.control('PUT', 'rehearsal', { kind: 'without-encrypt', keyArn: key })
  await runBackup(here.context, noKey, never)
  await here.sandbox.control('DELETE', 'rehearsal')
  const { error } = await row(noKey)
  expect(error).toMatch(
    /^Encrypt is not allowed by any IAM policy: .* Add this IAM policy to .* What to add is shown by /,
  )
  // What it says is a command that can be pasted.
  expect(error?.endsWith(`byok key check ${key}.`)).toBe(true)
})

/** Runs the first attempt until a segment is on its way, stops its worker there, and lets the segment arrive. */
async function interrupted(source: string): Promise<string> {
  const id = await start(source)
  const stop = new AbortController()
  const segment = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/segments/1/`))
  const first = failureOf(runBackup(here.context, id, stop.signal))
  await segment.arrived(1)
  const reason = new Error('This worker is stopping.')
  stop.abort(reason)
  segment.release()
  expect(await first).toBe(reason)
  expect(await row(id)).toMatchObject({ state: 'running', attempt: 1, error: null })
  expect(await objectsOf(id)).toContain('envelope.json')
  expect(await objectsOf(id)).not.toContain('manifest')
  expect(await auditOf(id)).toEqual([started])
  return id
}

test('a stopped worker gives its work back; the next attempt opens the same envelope and leaves only what counts', async () => {
  const source = makeSource('resumed', 17)
  const id = await interrupted(source)
  const { envelope } = await row(id)
  await here.sandbox.control('DELETE', 'requests')
  await runBackup(here.context, id, never)
  expect(await kmsCounts()).toEqual({ Decrypt: 1 })
  expect(await row(id)).toMatchObject({ state: 'complete', attempt: 2, envelope, keyIds: [key] })
  const objects = await objectsOf(id)
  expect(objects).toEqual(await namedObjects(id))
  expect(objects.filter((name) => name.startsWith('segments/1/'))).toEqual([])
  expect(await restored(id)).toEqual(describeTree(source))
  expect(await auditOf(id)).toEqual([started, finished, expect.anything(), expect.anything()])
})

test('a key that is disabled between two attempts: failed, and what the first one stored is gone', async () => {
  const id = await interrupted(makeSource('midway', 17))
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  await runBackup(here.context, id, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The key is disabled: /) })
  expect(await objectsOf(id)).toEqual([])
  expect(await auditOf(id)).toEqual([started, failed])
})

test('a worker that died between the manifest and the row: the next attempt finds the backup finished', async () => {
  const source = makeSource('nearly')
  execFileSync('mkfifo', [path.join(source, 'pipe')])
  const id = await start(source)
  await runBackup(here.context, id, never)
  const { warnings, manifestSha256, files, bytes, bytesStored, envelope } = await row(id)
  const objects = await objectsOf(id)
  expect(warnings).toMatchObject([{ path: 'pipe' }])
  const unfinished = { state: 'running', finishedAt: null, manifestSha256: null, files: null, warnings: [] } as const
  await here.db.backup.update({ where: { id }, data: unfinished })
  await runBackup(here.context, id, never)
  const same = { warnings, manifestSha256, files, bytes, bytesStored, envelope }
  expect(await row(id)).toMatchObject({ state: 'complete', attempt: 2, ...same })
  expect(await objectsOf(id)).toEqual(objects)
})

test.each(['manifest', 'segments/1/'])(
  'an attempt thought dead that wakes at its %s stops, and changes nothing',
  async (where) => {
    const source = makeSource(`zombie-${where.slice(0, 5)}`, 17)
    const id = await start(source)
    const asleep = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/${where}`), 1)
    const zombie = runBackup(here.context, id, never).catch((error: unknown) => error)
    await asleep.arrived(1)
    await runBackup(here.context, id, never)
    const complete = await row(id)
    expect(complete).toMatchObject({ state: 'complete', attempt: 2 })
    asleep.release()
    await zombie
    expect(await row(id)).toEqual(complete)
    expect(await auditOf(id)).toEqual([started, finished])
    expect(await objectsOf(id)).toEqual(await namedObjects(id))
    expect(await restored(id)).toEqual(describeTree(source))
  },
)

test('two workers with one job at once: one backup, one audit row, nothing left over', async () => {
  const source = makeSource('two-workers', 1)
  for (let round = 0; round < 5; round += 1) {
    const id = await start(source)
    await Promise.allSettled([runBackup(here.context, id, never), runBackup(here.context, id, never)])
    expect(await row(id)).toMatchObject({ state: 'complete', attempt: 2 })
    expect(await auditOf(id)).toEqual([started, finished])
    expect(await objectsOf(id)).toEqual(await namedObjects(id))
  }
})

test('with two jobs for one backup the slower attempt ends, and its job with it', async () => {
  const source = makeSource('two-jobs', 17)
  const id = await start(source)
  const asleep = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/segments/1/`), 1)
  const first = runBackup(here.context, id, never)
  await asleep.arrived(1)
  const busy = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/segments/2/`))
  const second = runBackup(here.context, id, never)
  await busy.arrived(1)
  // Given back to the queue, it would take the row from the second in a moment, and so on, until both are given up.
  await first
  asleep.release()
  busy.release()
  await second
  expect(await row(id)).toMatchObject({ state: 'complete', attempt: 2 })
  expect(await objectsOf(id)).toEqual(await namedObjects(id))
})

test('a job delivered too often is followed by another as long as its backup gets further', async () => {
  const id = await interrupted(makeSource('of-many-days', 17))
  const part = { backupId: id, kind: 'segment', size: 1n, sha256: '', length: 1n }
  const reached = async (attempt: number, attempts: number[]) => {
    await here.db.backup.update({ where: { id }, data: { attempt } })
    await here.db.backupPart.deleteMany({ where: { backupId: id } })
    await here.db.backupPart.createMany({ data: attempts.map((attempt, index) => ({ ...part, index, attempt })) })
    const before = (await jobsOf(id)).length
    await giveUpBackup(here.context, id)
    return [(await row(id)).state, (await jobsOf(id)).length - before]
  }
  expect(await reached(6, [1, 1, 4])).toEqual(['running', 1])
  expect(await reached(12, [1, 4, 7])).toEqual(['running', 1])
  expect(await objectsOf(id)).toContain('envelope.json')
  // Every attempt stops at the same place, or begins anew.
  expect(await reached(12, [1, 4, 6])).toEqual(['failed', 0])
  expect(await objectsOf(id)).toEqual([])
  const again = await interrupted(makeSource('begun-anew', 17))
  await here.db.backup.update({ where: { id: again }, data: { attempt: 6 } })
  await here.db.backupPart.deleteMany({ where: { backupId: again } })
  await here.db.backupPart.createMany({ data: [{ ...part, backupId: again, index: 0, attempt: 6 }] })
  await giveUpBackup(here.context, again)
  expect(await row(again)).toMatchObject({ state: 'failed' })
})

test('nothing goes on counting the source of a backup that has ended', async () => {
  const id = await start(makeSource('counted'))
  await here.db.backup.update({ where: { id }, data: { bucket: 'no-such-bucket-anywhere' } })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'failed' })
  expect(vi.mocked(countSource).mock.lastCall?.[1].aborted).toBe(true)
})

test('giving up ends an interrupted backup and empties its folder, and leaves a complete one alone', async () => {
  const id = await interrupted(makeSource('given-up', 17))
  await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'DeleteObjects', effect: 'AccessDenied' }])
  await giveUpBackup(here.context, id)
  await here.sandbox.control('DELETE', 'faults')
  expect(await objectsOf(id)).not.toEqual([])
  expect(await row(id)).toMatchObject({ cleanedAt: null, tries: 1 })
  // The queue tells it again.
  await giveUpBackup(here.context, id)
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The worker stopped/) })
  expect(await objectsOf(id)).toEqual([])
  expect(await auditOf(id)).toEqual([started, failed])
  await giveUpBackup(here.context, id)
  expect(await auditOf(id)).toEqual([started, failed])

  const good = await start(makeSource('good'))
  await runBackup(here.context, good, never)
  const complete = await row(good)
  await giveUpBackup(here.context, good)
  expect(await row(good)).toEqual(complete)
  expect(await objectsOf(good)).toEqual(await namedObjects(good))
})
