import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { keyArn } from '#lib/sandbox/open-test-sandbox.ts'
import { failureOf } from './backup-for-tests.ts'
import { cancelRestore } from './cancel-job.ts'
import { actor } from './console-for-tests.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { backUpNow, restoreNow } from './jobs-for-tests.ts'
import { giveUpRestore, runRestore } from './run-restore.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { viewBackup } from './view-backups.ts'

const never = new AbortController().signal
const here = gatedConsole()
let key: string
let source: string
let backupId: string
let targets = 0
beforeAll(async () => {
  key = keyArn(here.sandbox.info, 'backups')
  await here.save({ masterKey: key })
  source = path.join(here.root(), 'source')
  mkdirSync(path.join(source, 'inner'), { recursive: true })
  writeFileSync(path.join(source, 'a'), 'first')
  writeFileSync(path.join(source, 'inner', 'b'), 'second')
  backupId = await backUpNow(here.context, source)
})

const restores = () => here.context.restoreRoots[0] ?? ''
/** A folder of its own for each test, so that everything left beside the target is seen. */
function newTarget(): string {
  targets += 1
  const parent = path.join(restores(), `test-${targets}`)
  mkdirSync(parent, { recursive: true })
  return path.join(parent, 'restored')
}
const beside = (target: string) => readdirSync(path.dirname(target))
const start = (target: string, id = backupId) => startRestore(here.context, { backupId: id, target }, 'page', actor)
const row = (id: string) => here.db.restore.findUniqueOrThrow({ where: { id } })
const auditOf = async (target: string) =>
  (await here.db.auditEvent.findMany({ where: { subject: { contains: target } }, orderBy: { id: 'asc' } })).map(
    ({ action, outcome, actor }) => `${action} ${outcome} ${actor}`,
  )
const started = `restore.start success ${actor}`
const finished = `restore.finish success ${actor}`
const failed = `restore.finish failed ${actor}`
const cancelled = `restore.finish cancelled ${actor}`
const isSegment = ({ method, url }: { method: string; url: string }) => method === 'GET' && url.includes('/segments/')

test('a restore is one row, one audit row and one job; then the tree, its counts and one more audit row', async () => {
  const target = newTarget()
  const id = await start(target)
  expect(await row(id)).toMatchObject({ backupId, target, state: 'queued', createdBy: actor })
  const jobs = await here.db.$queryRaw`SELECT name FROM pgboss.job WHERE data->>'id' = ${id}`
  expect(jobs).toEqual([{ name: queueName('restore', hostname()) }])
  expect(await auditOf(target)).toEqual([started])
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', error: null, files: 2, bytes: 11n, warningCount: 0 })
  expect(describeTree(target)).toEqual(describeTree(source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditOf(target)).toEqual([started, finished])
  const before = await row(id)
  await runRestore(here.context, id, never)
  expect(await row(id)).toEqual(before)
})

test('only a complete backup can be restored, and only into a free folder', async () => {
  const queued = await startBackup(here.context, { source, name: '' }, 'page', actor)
  const count = await here.db.restore.count()
  expect(await failureOf(start(newTarget(), queued))).toMatchObject({ code: 'invalid' })
  expect(await failureOf(start(newTarget(), '01890000-0000-7000-8000-000000000000'))).toMatchObject({
    code: 'not-found',
  })
  const taken = newTarget()
  mkdirSync(taken)
  writeFileSync(path.join(taken, 'mine'), 'mine')
  expect(await failureOf(start(taken))).toMatchObject({ code: 'conflict' })
  expect(await here.db.restore.count()).toBe(count)
})

test('what an overwriting restore kept is counted, and shown', async () => {
  const target = newTarget()
  mkdirSync(target)
  writeFileSync(path.join(target, 'a'), 'mine')
  const wish = { backupId, target, overwrite: 'never' } as const
  const id = await startRestore(here.context, wish, 'page', actor)
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', files: 1, warningCount: 0 })
  const shown = await viewBackup(here.context, backupId)
  expect(shown?.restores.find((one) => one.id === id)).toMatchObject({ files: 1, kept: 1 })
  expect(shown?.restores.filter((one) => one.id !== id).map(({ kept }) => kept)).not.toContain(1)
  expect(readdirSync(target).sort()).toEqual(['a', 'inner'])
})

test('an overwriting restore removes what its killed attempts were writing, and nothing else', async () => {
  const target = newTarget()
  mkdirSync(path.join(target, 'inner'), { recursive: true })
  const wish = { backupId, target, overwrite: 'never' } as const
  const id = await startRestore(here.context, wish, 'page', actor)
  await here.db.restore.update({ where: { id }, data: { attempt: 2, state: 'running' } })
  const left = (by: string) => `.vault-restore-${by}-0123456789ab`
  for (const folder of [target, path.join(target, 'inner')])
    for (const by of [`${id}-1`, `${id}-2`, `${id}-10`, `${backupId}-1`]) writeFileSync(path.join(folder, left(by)), by)
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', attempt: 3, files: 2 })
  // Of an attempt that took it over meanwhile, and of another restore.
  const others = [left(`${id}-10`), left(`${backupId}-1`)]
  expect(readdirSync(target).sort()).toEqual([...others, 'a', 'inner'].sort())
  expect(readdirSync(path.join(target, 'inner')).sort()).toEqual([...others, 'b'].sort())
})

test('a restore where no folder can be made names the target, not what lies beside it', async () => {
  const id = await start(newTarget())
  await here.db.restore.update({ where: { id }, data: { target: '/proc/restored' } })
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/^\/proc\/restored cannot be made: .*\. Name a folder below one that is there/),
  })
})

test('an empty folder is replaced; one that was filled meanwhile is left as it is', async () => {
  const empty = newTarget()
  mkdirSync(empty)
  await runRestore(here.context, await start(empty), never)
  expect(describeTree(empty)).toEqual(describeTree(source))

  const target = newTarget()
  const early = await start(target)
  mkdirSync(target)
  writeFileSync(path.join(target, 'mine'), 'mine')
  await runRestore(here.context, early, never)
  expect(await row(early)).toMatchObject({ state: 'failed', error: expect.stringContaining('is not empty') })
  expect(readdirSync(target)).toEqual(['mine'])

  // Filled in the middle of it.
  const late = newTarget()
  const id = await start(late)
  const reading = here.gate.hold(isSegment)
  const running = runRestore(here.context, id, never)
  await reading.arrived(1)
  mkdirSync(late)
  writeFileSync(path.join(late, 'mine'), 'mine')
  reading.release()
  await running
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('is not empty') })
  expect(readdirSync(late)).toEqual(['mine'])
  expect(beside(late)).toEqual(['restored'])
  expect(await auditOf(late)).toEqual([started, failed])
})

test('a key that is disabled: failed with the diagnosis, and nothing is left on the disk', async () => {
  const target = newTarget()
  const id = await start(target)
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  await runRestore(here.context, id, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The key is disabled: /) })
  expect(beside(target)).toEqual([])
  expect(await auditOf(target)).toEqual([started, failed])
})

test('bytes that arrive damaged are never restored', async () => {
  const target = newTarget()
  const id = await start(target)
  await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'GetObject', effect: 'CorruptBody' }])
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({
    state: 'failed',
    files: null,
    error: expect.stringMatching(/envelope.json.* its checksum differs\. Try it once more\./),
  })
  expect(beside(target)).toEqual([])
})

test('a stopped worker gives its work back; the next one goes on and completes', async () => {
  const target = newTarget()
  const id = await start(target)
  const stop = new AbortController()
  const reading = here.gate.hold(isSegment)
  const first = failureOf(runRestore(here.context, id, stop.signal))
  await reading.arrived(1)
  const reason = new Error('This worker is stopping.')
  stop.abort(reason)
  reading.release()
  expect(await first).toBe(reason)
  expect(await row(id)).toMatchObject({ state: 'running', error: null })
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', files: 2 })
  expect(describeTree(target)).toEqual(describeTree(source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditOf(target)).toEqual([started, finished])
})

test('a worker thought dead that wakes after another completed changes nothing', async () => {
  const target = newTarget()
  const id = await start(target)
  const asleep = here.gate.hold(isSegment, 1)
  const zombie = runRestore(here.context, id, never).catch((error: unknown) => error)
  await asleep.arrived(1)
  await runRestore(here.context, id, never)
  const complete = await row(id)
  expect(complete).toMatchObject({ state: 'complete', files: 2 })
  asleep.release()
  await zombie
  expect(await row(id)).toEqual(complete)
  expect(describeTree(target)).toEqual(describeTree(source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditOf(target)).toEqual([started, finished])
})

test('a worker thought dead that wakes in the middle of another’s attempt neither fails nor finishes it', async () => {
  const target = newTarget()
  const id = await start(target)
  const first = here.gate.hold(isSegment, 1)
  const zombie = runRestore(here.context, id, never).catch((error: unknown) => error)
  await first.arrived(1)
  const second = here.gate.hold(isSegment, 1)
  const other = runRestore(here.context, id, never)
  await second.arrived(1)
  first.release()
  await zombie
  expect(await row(id)).toMatchObject({ state: 'running', error: null })
  expect(beside(target)).not.toContain('restored')
  second.release()
  await other
  expect(await row(id)).toMatchObject({ state: 'complete', files: 2 })
  expect(describeTree(target)).toEqual(describeTree(source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditOf(target)).toEqual([started, finished])
})

test('given up is final: the worker that wakes afterwards cannot complete it', async () => {
  const target = newTarget()
  const id = await start(target)
  const reading = here.gate.hold(isSegment)
  const zombie = runRestore(here.context, id, never).catch((error: unknown) => error)
  await reading.arrived(1)
  await giveUpRestore(here.context, id)
  const given = await row(id)
  expect(given).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The worker stopped/) })
  reading.release()
  await zombie
  await giveUpRestore(here.context, id)
  expect(await row(id)).toEqual(given)
  expect(beside(target)).toEqual([])
  expect(await auditOf(target)).toEqual([started, failed])
})

test('a worker that died between the rename and the commit: the next one knows the folder for its own', async () => {
  const target = newTarget()
  const id = await start(target)
  await runRestore(here.context, id, never)
  const complete = await row(id)
  await here.db.restore.update({
    where: { id },
    data: { state: 'running', finishedAt: null, files: null, bytes: null },
  })
  await runRestore(here.context, id, never)
  const { files, bytes, warnings } = complete
  expect(await row(id)).toMatchObject({ state: 'complete', attempt: 2, error: null, files, bytes, warnings })
  expect(describeTree(target)).toEqual(describeTree(source))

  // A folder that somebody else put there is not.
  await here.db.restore.update({ where: { id }, data: { state: 'running' } })
  rmSync(target, { recursive: true })
  mkdirSync(target)
  writeFileSync(path.join(target, 'mine'), 'mine')
  await runRestore(here.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('is not empty') })
  expect(readdirSync(target)).toEqual(['mine'])
})

test.each([undefined, 'always'] as const)(
  'a link on the way, which only the machine itself can see, is not restored through (overwrite: %s)',
  async (overwrite) => {
    const elsewhere = path.join(here.folder, `elsewhere-${overwrite}`)
    mkdirSync(path.join(elsewhere, 'restored'), { recursive: true })
    const target = newTarget()
    const id = await start(target)
    rmSync(path.dirname(target), { recursive: true })
    symlinkSync(elsewhere, path.dirname(target))
    await here.db.restore.update({ where: { id }, data: { overwrite: overwrite ?? null } })
    await runRestore(here.context, id, never)
    expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('leads through a link') })
    expect(readdirSync(path.join(elsewhere, 'restored'))).toEqual([])
  },
)

test('cancelled in the middle: nothing is left on the disk', async () => {
  const target = newTarget()
  const id = await start(target)
  const reading = here.gate.hold(isSegment)
  const running = runRestore(here.context, id, never)
  await reading.arrived(1)
  expect(await cancelRestore(here.context, id, actor)).toBe('asked')
  // Not waiting for a bucket that does not answer.
  await running
  reading.release()
  expect(await row(id)).toMatchObject({ state: 'cancelled', error: null })
  expect(beside(target)).toEqual([])
  expect(await failureOf(cancelRestore(here.context, id, actor))).toMatchObject({ code: 'conflict' })
  expect(await auditOf(target)).toEqual([started, `restore.cancel success ${actor}`, cancelled])
})

test('an access key that was rotated since: what the settings have for the bucket by now opens it', async () => {
  const rotate = async () => {
    // The same user: the access key that it had before is gone.
    const user = await here.sandbox.user('rotated', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['kms:*', 's3:*'], Resource: '*' }],
    })
    const { accessKeyId, secretAccessKey } = user
    const own = { hosted: false, bucket: 'vault-hosted-us-east-1', credentials: 'access-key' } as const
    return here.save({ masterKey: key, ...own, accessKeyId, secretAccessKey })
  }
  await rotate()
  const older = await backUpNow(here.context, source)
  await rotate()
  const target = path.join(here.context.restoreRoots[0] ?? '', 'after the rotation')
  expect(await restoreNow(here.context, older, target)).toMatchObject({ state: 'complete', error: null })
  expect(await describeTree(target)).toEqual(await describeTree(source))
})
