import { beforeAll, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf } from './backup-for-tests.ts'
import { cleanUpBackup, cleanUpDue } from './clean-up.ts'
import { actor } from './console-for-tests.ts'
import { deleteBackup } from './delete-backup.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { runRestore } from './run-restore.ts'
import { startRestore } from './start-restore.ts'
import { viewLoss } from './view-loss.ts'

const never = new AbortController().signal
const here = gatedConsole()
const { auditOf, complete, endedLongAgo, makeSource, objectsOf, row, start } = here
beforeAll(async () => {
  await here.save({ masterKey: here.key('backups') })
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
  const target = here.newTarget('in-use')
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
    const [deleting, restoring] = await Promise.allSettled([
      deleteBackup(here.context, backupId, actor),
      startRestore(here.context, { backupId, target: here.newTarget() }, 'page', actor),
    ])
    expect([deleting.status, restoring.status].sort()).toEqual(['fulfilled', 'rejected'])
  }
})

test('a bucket that refuses keeps a deleted backup in the list, which says so, until a later pass', async () => {
  const id = await complete(makeSource('stubborn'))
  await deleteBackup(here.context, id, actor)
  await here.fail({ service: 's3', operation: 'DeleteObjects', effect: 'AccessDenied' })
  await cleanUpBackup(here.context, id)
  expect(await row(id)).toMatchObject({
    state: 'deleting',
    tries: 1,
    error: expect.stringContaining('could not be deleted yet'),
  })
  await here.sandbox.control('DELETE', 'faults')
  await cleanUpDue(here.context, never)
  expect(await row(id)).toMatchObject({ state: 'deleting' })
  await here.db.backup.update({ where: { id }, data: { nextTryAt: new Date(0) } })
  await Promise.all([cleanUpDue(here.context, never), cleanUpDue(here.context, never)])
  expect(await here.db.backup.findUnique({ where: { id } })).toBeNull()
  expect((await auditOf(id)).filter((line) => line.startsWith('backup.deleted'))).toEqual(['backup.deleted success'])
})

test('one that has failed only just is deleted when nothing of it can arrive any more, and says until when', async () => {
  const id = await start(makeSource('just-failed'))
  await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'PutObject', effect: 'AccessDenied' }])
  await runBackup(here.context, id, never)
  await here.sandbox.control('DELETE', 'faults')
  await deleteBackup(here.context, id, actor)
  await cleanUpBackup(here.context, id)
  const waits = await row(id)
  const until = waits.nextTryAt?.toISOString().slice(11, 19)
  expect(waits).toMatchObject({
    state: 'deleting',
    error: `It ended only just: what it was still sending may arrive until ${until} UTC. A worker looks once more within a minute after that, and then it is gone.`,
  })
  await endedLongAgo(id)
  await cleanUpDue(here.context, never)
  expect(await here.db.backup.findUnique({ where: { id } })).toBeNull()
})

test('what a failed backup left behind goes with the next pass, and is looked at once more later', async () => {
  const id = await start(makeSource('left', 17))
  await here.fail(
    { service: 's3', operation: 'DeleteObjects', effect: 'AccessDenied' },
    { service: 's3', operation: 'PutObject', effect: 'AccessDenied', after: 1 },
  )
  await runBackup(here.context, id, never)
  await here.sandbox.control('DELETE', 'faults')
  expect(await row(id)).toMatchObject({ state: 'failed', cleanedAt: null })
  await cleanUpDue(here.context, never)
  expect(await objectsOf(id)).toEqual([])
  expect(await row(id)).toMatchObject({ cleanedAt: null })
  await endedLongAgo(id)
  await cleanUpDue(here.context, never)
  expect((await row(id)).cleanedAt).toBeInstanceOf(Date)
})

test('one whose deletion is asked for while a pass looks at it is deleted, and not taken for tidy', async () => {
  const id = await start(makeSource('asked-meanwhile'))
  await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'PutObject', effect: 'AccessDenied' }])
  await runBackup(here.context, id, never)
  await here.sandbox.control('DELETE', 'faults')
  await endedLongAgo(id)
  const looking = here.gate.hold(({ url }) => url.includes('list-type=2'))
  const pass = cleanUpBackup(here.context, id)
  await looking.arrived(1)
  await deleteBackup(here.context, id, actor)
  looking.release()
  await pass
  expect(await row(id)).toMatchObject({ state: 'deleting', cleanedAt: null })
  await cleanUpDue(here.context, never)
  expect(await here.db.backup.findUnique({ where: { id } })).toBeNull()
})
