import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { failureOf } from './backup-for-tests.ts'
import { backupRuns, failed, finished, started } from './backup-runs-for-tests.ts'
import { actor, openTestConsole } from './console-for-tests.ts'
import { countSource } from './count-source.ts'
import { runBackup } from './run-backup.ts'
import { startBackup } from './start-backup.ts'
import { viewProgress } from './view-backups.ts'

vi.mock(import('./count-source.ts'), async (original) => {
  const { countSource } = await original()
  return { countSource: vi.fn(countSource) }
})

const never = new AbortController().signal
const here = backupRuns()
const { auditedBy, jobsOf, kmsCounts, makeSource, namedObjects, objectsOf, restoredTree, root, row, start } = here
let key: string
beforeAll(async () => {
  key = here.key('backups')
  await here.save({ masterKey: key })
})

test('a backup starts as one row, one audit row and one job, and nothing without an environment', async () => {
  const source = makeSource('first')
  const empty = await openTestConsole(here.context.own)
  onTestFinished(() => empty.close())
  const { sourceRoots } = here.context
  expect(
    await failureOf(startBackup({ ...empty.context, sourceRoots }, { source, name: '' }, 'page', actor)),
  ).toMatchObject({ code: 'invalid', message: 'No Backup Environment is saved yet.' })
  expect(await empty.db.backup.count()).toBe(0)
  expect(await empty.db.auditEvent.count()).toBe(0)

  const id = await start(source)
  expect(await row(id)).toMatchObject({
    environmentId: here.environment,
    revision: await here.newest(),
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
  expect(await auditedBy(id)).toEqual([started])
})

test('a link that comes above a single file before the worker opens it is not followed', async () => {
  const folder = makeSource('single')
  for (const parent of [`${folder}/mine`, `${folder}/other`]) {
    mkdirSync(parent)
    writeFileSync(`${parent}/file`, parent)
  }
  const id = await startBackup(here.context, { source: `${folder}/mine/file`, name: '' }, 'host', actor)
  renameSync(`${folder}/mine`, `${folder}/moved`)
  symlinkSync('other', `${folder}/mine`)
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/leads through a link to .*other\. Name the file by its real path/),
  })
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
  expect(await auditedBy(id)).toEqual([started, finished])

  await here.sandbox.control('DELETE', 'requests')
  expect(await restoredTree(id)).toEqual(describeTree(source))
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
    expect(await restoredTree(id)).toEqual(describeTree(source))
    expect(await kmsCounts()).toEqual({})
  }
  await here.save({ masterKey: key })
})

test('a backup keeps to the revision it was started with', async () => {
  const id = await start(makeSource('revision'))
  await here.save({ masterKey: here.key('archive') })
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
  expect(backup.error).toMatch(/^The key is disabled\. .* Enable the key, wait a minute, and check again\.$/)
  expect(await objectsOf(id)).toEqual([])
  expect(await auditedBy(id)).toEqual([started, failed])
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
  await here.fail({ service: 's3', operation: 'PutObject', effect: 'AccessDenied' })
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
    /^Encrypt is not allowed by any IAM policy\. .* Add this IAM policy to .* What to add is shown by /,
  )
  // What it says is a command that can be pasted.
  expect(error?.endsWith(`byok key check ${key}.`)).toBe(true)
})

test('nothing goes on counting the source of a backup that has ended', async () => {
  const id = await start(makeSource('counted'))
  await here.db.backup.update({ where: { id }, data: { bucket: 'no-such-bucket-anywhere' } })
  await runBackup(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'failed' })
  expect(vi.mocked(countSource).mock.lastCall?.[1].aborted).toBe(true)
})
