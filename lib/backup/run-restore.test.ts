import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { expect, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { failureOf } from './backup-for-tests.ts'
import { actor } from './console-for-tests.ts'
import { backUpNow, restoreNow } from './jobs-for-tests.ts'
import { failed, finished, restoreRuns, started } from './restore-runs-for-tests.ts'
import { runRestore } from './run-restore.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { viewBackup } from './view-backups.ts'

const never = new AbortController().signal
const here = restoreRuns()
const { auditedOf, backup, beside, holdSegments, newTarget, restore, startRestore: begin } = here

test('a restore is one row, one audit row and one job; then the tree, its counts and one more audit row', async () => {
  const target = newTarget()
  const id = await begin(target)
  expect(await restore(id)).toMatchObject({ backupId: backup.id, target, state: 'queued', createdBy: actor })
  const jobs = await here.db.$queryRaw`SELECT name FROM pgboss.job WHERE data->>'id' = ${id}`
  expect(jobs).toEqual([{ name: queueName('restore', hostname()) }])
  expect(await auditedOf(target)).toEqual([started])
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({ state: 'complete', error: null, files: 2, bytes: 11n, warningCount: 0 })
  expect(describeTree(target)).toEqual(describeTree(backup.source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditedOf(target)).toEqual([started, finished])
  const before = await restore(id)
  await runRestore(here.context, id, never)
  expect(await restore(id)).toEqual(before)
})

test('only a complete backup can be restored, and only into a free folder', async () => {
  const queued = await startBackup(here.context, { source: backup.source, name: '' }, 'page', actor)
  const count = await here.db.restore.count()
  expect(await failureOf(begin(newTarget(), queued))).toMatchObject({ code: 'invalid' })
  expect(await failureOf(begin(newTarget(), '01890000-0000-7000-8000-000000000000'))).toMatchObject({
    code: 'not-found',
  })
  const taken = newTarget()
  mkdirSync(taken)
  writeFileSync(path.join(taken, 'mine'), 'mine')
  expect(await failureOf(begin(taken))).toMatchObject({ code: 'conflict' })
  expect(await here.db.restore.count()).toBe(count)
})

test.runIf(process.getuid?.() === 0)(
  'another user’s folder where each takes away only their own is refused before anything is fetched',
  async () => {
    const target = newTarget()
    mkdirSync(target)
    chownSync(target, 12_345, 12_345)
    chmodSync(path.dirname(target), 0o1777)
    const id = await begin(target)
    await here.sandbox.control('DELETE', 'requests')
    const geteuid = vi.spyOn(process, 'geteuid').mockReturnValue(4242)
    await runRestore(here.context, id, never)
    geteuid.mockRestore()
    expect(await restore(id)).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/belongs to another user \(12345\), and its folder lets only them take it away/),
    })
    expect((await here.sandbox.control('GET', 'requests')).counts).toEqual({})
    expect(beside(target)).toEqual([path.basename(target)])
  },
)

test('what an overwriting restore kept is counted, and shown', async () => {
  const target = newTarget()
  mkdirSync(target)
  writeFileSync(path.join(target, 'a'), 'mine')
  const wish = { backupId: backup.id, target, overwrite: 'never' } as const
  const id = await startRestore(here.context, wish, 'page', actor)
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({ state: 'complete', files: 1, warningCount: 0 })
  const shown = await viewBackup(here.context, backup.id)
  expect(shown?.restores.find((one) => one.id === id)).toMatchObject({ files: 1, kept: 1 })
  expect(shown?.restores.filter((one) => one.id !== id).map(({ kept }) => kept)).not.toContain(1)
  expect(readdirSync(target).sort()).toEqual(['a', 'inner'])
})

test('an overwriting restore removes what its killed attempts were writing, and nothing else', async () => {
  const target = newTarget()
  mkdirSync(path.join(target, 'inner'), { recursive: true })
  const wish = { backupId: backup.id, target, overwrite: 'never' } as const
  const id = await startRestore(here.context, wish, 'page', actor)
  await here.db.restore.update({ where: { id }, data: { attempt: 2, state: 'running' } })
  const left = (by: string) => `.vault-restore-${by}-0123456789ab`
  for (const folder of [target, path.join(target, 'inner')])
    for (const by of [`${id}-1`, `${id}-2`, `${id}-10`, `${backup.id}-1`])
      writeFileSync(path.join(folder, left(by)), by)
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({ state: 'complete', attempt: 3, files: 2 })
  // Of an attempt that took it over meanwhile, and of another restore.
  const others = [left(`${id}-10`), left(`${backup.id}-1`)]
  expect(readdirSync(target).sort()).toEqual([...others, 'a', 'inner'].sort())
  expect(readdirSync(path.join(target, 'inner')).sort()).toEqual([...others, 'b'].sort())
})

test('a restore where no folder can be made names the target, not what lies beside it', async () => {
  const id = await begin(newTarget())
  await here.db.restore.update({ where: { id }, data: { target: '/proc/restored' } })
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/^\/proc\/restored cannot be made: .*\. Name a folder below one that is there/),
  })
})

test('an empty folder is replaced; one that was filled meanwhile is left as it is', async () => {
  const empty = newTarget()
  mkdirSync(empty)
  await runRestore(here.context, await begin(empty), never)
  expect(describeTree(empty)).toEqual(describeTree(backup.source))

  const target = newTarget()
  const early = await begin(target)
  mkdirSync(target)
  writeFileSync(path.join(target, 'mine'), 'mine')
  await runRestore(here.context, early, never)
  expect(await restore(early)).toMatchObject({ state: 'failed', error: expect.stringContaining('is not empty') })
  expect(readdirSync(target)).toEqual(['mine'])

  // Filled in the middle of it.
  const late = newTarget()
  const id = await begin(late)
  const reading = holdSegments()
  const running = runRestore(here.context, id, never)
  await reading.arrived(1)
  mkdirSync(late)
  writeFileSync(path.join(late, 'mine'), 'mine')
  reading.release()
  await running
  expect(await restore(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('is not empty') })
  expect(readdirSync(late)).toEqual(['mine'])
  expect(beside(late)).toEqual(['restored'])
  expect(await auditedOf(late)).toEqual([started, failed])
})

test('a key that is disabled: failed with the diagnosis, and nothing is left on the disk', async () => {
  const target = newTarget()
  const id = await begin(target)
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: backup.key }))
  await runRestore(here.context, id, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: backup.key }))
  expect(await restore(id)).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The key is disabled\. /) })
  expect(beside(target)).toEqual([])
  expect(await auditedOf(target)).toEqual([started, failed])
})

test('bytes that arrive damaged are never restored', async () => {
  const target = newTarget()
  const id = await begin(target)
  await here.fail({ service: 's3', operation: 'GetObject', effect: 'CorruptBody' })
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({
    state: 'failed',
    files: null,
    error: expect.stringMatching(/envelope.json.* its checksum differs\. Try it once more\./),
  })
  expect(beside(target)).toEqual([])
})

test.each([undefined, 'always'] as const)(
  'a link on the way, which only the machine itself can see, is not restored through (overwrite: %s)',
  async (overwrite) => {
    const elsewhere = path.join(here.folder, `elsewhere-${overwrite}`)
    mkdirSync(path.join(elsewhere, 'restored'), { recursive: true })
    const target = newTarget()
    const id = await begin(target)
    rmSync(path.dirname(target), { recursive: true })
    symlinkSync(elsewhere, path.dirname(target))
    await here.db.restore.update({ where: { id }, data: { overwrite: overwrite ?? null } })
    await runRestore(here.context, id, never)
    expect(await restore(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('leads through a link') })
    expect(readdirSync(path.join(elsewhere, 'restored'))).toEqual([])
  },
)

// Elsewhere no folder is held open on the way.
const linkTest = test.runIf(existsSync('/proc/self/fd'))

linkTest.each([undefined, 'always'] as const)(
  'a link that comes above the target after the last look at it is not followed (overwrite: %s)',
  async (overwrite) => {
    const target = newTarget()
    const elsewhere = path.dirname(newTarget())
    if (overwrite) for (const parent of [path.dirname(target), elsewhere]) mkdirSync(path.join(parent, 'restored'))
    const id = await startRestore(here.context, { backupId: backup.id, target, overwrite }, 'page', actor)
    const opening = here.gate.hold(({ operation }) => operation === 'Decrypt', 1)
    const running = runRestore(here.context, id, never)
    await opening.arrived(1)
    renameSync(path.dirname(target), `${path.dirname(target)}-moved`)
    symlinkSync(elsewhere, path.dirname(target))
    opening.release()
    await running
    expect(await restore(id)).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/a file or a link is there/),
    })
    expect(readdirSync(elsewhere, { recursive: true })).toEqual(overwrite ? ['restored'] : [])
  },
)

linkTest('nor one that comes while it is restored: nothing there gets the target’s name or is removed', async () => {
  const target = newTarget()
  const elsewhere = path.dirname(newTarget())
  const id = await begin(target)
  const reading = holdSegments()
  const running = runRestore(here.context, id, never)
  await reading.arrived(1)
  await expect.poll(() => readdirSync(path.dirname(target))).toHaveLength(1)
  const [draft = ''] = readdirSync(path.dirname(target))
  mkdirSync(path.join(elsewhere, draft))
  renameSync(path.dirname(target), `${path.dirname(target)}-moved`)
  symlinkSync(elsewhere, path.dirname(target))
  reading.release()
  await running
  expect(readdirSync(elsewhere)).toEqual([draft])
  expect(await restore(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('leads through a link') })
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
    return here.save({ masterKey: backup.key, ...own, accessKeyId, secretAccessKey })
  }
  await rotate()
  const older = await backUpNow(here.context, backup.source)
  await rotate()
  expect(await describeTree(await here.restored(older))).toEqual(await describeTree(backup.source))
})

test('an access key that is gone: which it was, and for which bucket another one is saved', async () => {
  const { accessKeyId, secretAccessKey } = await here.sandbox.user('leaves', {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['kms:*', 's3:*'], Resource: '*' }],
  })
  const bucket = 'vault-hosted-us-west-2'
  const own = { hosted: false, bucket, region: 'us-west-2', credentials: 'access-key' } as const
  await here.save({ masterKey: here.key('backups', 'us-west-2'), ...own, accessKeyId, secretAccessKey })
  const id = await backUpNow(here.context, backup.source)
  await here.save({ masterKey: backup.key })
  await here.sandbox.control('DELETE', 'users/111122223333/leaves')
  const { state, error } = await restoreNow(here.context, id, here.newTarget())
  expect(state).toBe('failed')
  expect(error).toMatch(/^AWS does not know these credentials\. /)
  expect(error).toContain(
    `It is the access key ${accessKeyId}, the newest that was saved for the bucket ${bucket}: save`,
  )
})
