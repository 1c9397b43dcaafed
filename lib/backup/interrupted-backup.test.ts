import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { backupRuns, failed, finished, started } from './backup-runs-for-tests.ts'
import { giveUpBackup } from './end-backup.ts'
import { runBackup } from './run-backup.ts'

const never = new AbortController().signal
const here = backupRuns()
const { auditedBy, interrupted, jobsOf, kmsCounts, makeSource, namedObjects, objectsOf, restoredTree, row, start } =
  here
let key: string
beforeAll(async () => {
  key = here.key('backups')
  await here.save({ masterKey: key })
})

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
  expect(await restoredTree(id)).toEqual(describeTree(source))
  expect(await auditedBy(id)).toEqual([started, finished, expect.anything(), expect.anything()])
})

test('a key that is disabled between two attempts: failed, and what the first one stored is gone', async () => {
  const id = await interrupted(makeSource('midway', 17))
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  await runBackup(here.context, id, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The key is disabled\. /) })
  expect(await objectsOf(id)).toEqual([])
  expect(await auditedBy(id)).toEqual([started, failed])
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
    expect(await auditedBy(id)).toEqual([started, finished])
    expect(await objectsOf(id)).toEqual(await namedObjects(id))
    expect(await restoredTree(id)).toEqual(describeTree(source))
  },
)

test('two workers with one job at once: one backup, one audit row, nothing left over', async () => {
  const source = makeSource('two-workers', 1)
  for (let round = 0; round < 5; round += 1) {
    const id = await start(source)
    await Promise.allSettled([runBackup(here.context, id, never), runBackup(here.context, id, never)])
    expect(await row(id)).toMatchObject({ state: 'complete', attempt: 2 })
    expect(await auditedBy(id)).toEqual([started, finished])
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

test('giving up ends an interrupted backup and empties its folder, and leaves a complete one alone', async () => {
  const id = await interrupted(makeSource('given-up', 17))
  await here.fail({ service: 's3', operation: 'DeleteObjects', effect: 'AccessDenied' })
  await giveUpBackup(here.context, id)
  await here.sandbox.control('DELETE', 'faults')
  expect(await objectsOf(id)).not.toEqual([])
  expect(await row(id)).toMatchObject({ cleanedAt: null, tries: 1 })
  // The queue tells it again.
  await giveUpBackup(here.context, id)
  expect(await row(id)).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The worker stopped/) })
  expect(await objectsOf(id)).toEqual([])
  expect(await auditedBy(id)).toEqual([started, failed])
  await giveUpBackup(here.context, id)
  expect(await auditedBy(id)).toEqual([started, failed])

  const good = await start(makeSource('good'))
  await runBackup(here.context, good, never)
  const complete = await row(good)
  await giveUpBackup(here.context, good)
  expect(await row(good)).toEqual(complete)
  expect(await objectsOf(good)).toEqual(await namedObjects(good))
})
