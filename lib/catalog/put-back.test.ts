import { PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, onTestFinished, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { cancelBackup } from '#lib/backup/cancel-job.ts'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { backupFolder, ENVELOPE } from '#lib/backup/layout.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { exchangeNow } from '#lib/rewrap/rewrap-for-tests.ts'
import { exportCatalog } from './export-catalog.ts'
import { bucket, twoConsoles } from './two-consoles-for-tests.ts'

// An older database is put back, in which a backup that has been made since is still to be made.

const never = new AbortController().signal
const here = twoConsoles()

const row = (id: string) => here.a.db.backup.findUniqueOrThrow({ where: { id } })

/** One that is complete. @returns also the row as it was before, and as it was when its envelope was stored */
async function made() {
  const { context } = here.a
  const source = here.plant()
  const id = await startBackup(context, { source, name: '' }, 'page', actor)
  const { warnings: _warnings, progress: _progress, ...queued } = await row(id)
  await runBackup(context, id, never)
  const { state, envelope, envelopeSha256, generation, keyIds } = await row(id)
  expect(state).toBe('complete')
  const waiting = { ...queued, state: 'waiting' as const, attempt: 3, tries: 3 }
  return { source, id, queued, waiting, begun: { ...waiting, envelope, envelopeSha256, generation, keyIds } }
}

const exchange = (id: string) => exchangeNow(here.a.context, id, { from: here.keys[0], to: here.keys[1] })

async function deletedForGood(id: string): Promise<void> {
  const { context, db } = here.a
  await deleteBackup(context, id, actor)
  await db.backup.update({ where: { id }, data: { finishedAt: new Date(Date.now() - 600_000) } })
  await cleanUpBackup(context, id)
}

const lastDeleted = () =>
  here.a.db.auditEvent.findFirst({ where: { action: 'backup.deleted' }, orderBy: { id: 'desc' } })

test.each([
  ['queued', 'queued', false],
  // For its key, say, which had not wrapped anything yet.
  ['waiting', 'waiting', false],
  ['begun, under another key,', 'begun', true],
] as const)(
  'a backup that was %s then and is complete by now is neither overwritten nor deleted',
  async (_, then, rewrapped) => {
    const { context, db } = here.a
    const { source, id, ...rows } = await made()
    if (rewrapped) await exchange(id)
    const { envelopeSha256, manifestSha256 } = await row(id)
    await exportCatalog(context, undefined, actor)

    await db.backup.update({ where: { id }, data: rows[then] })
    await runBackup(context, id, never)
    expect(await row(id)).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/^The bucket holds an envelope of this very backup that the database does not know/),
    })
    expect((await here.take(here.a)).conflicts).toContainEqual({
      id,
      reason: expect.stringMatching(/Delete the failed one/),
    })

    await deletedForGood(id)
    expect(await db.backup.findUnique({ where: { id } })).toBeNull()
    expect(await lastDeleted()).toMatchObject({
      subject: expect.stringContaining(id),
      changes: { 'left in the bucket': [null, expect.any(String)] },
    })

    expect((await here.take(here.a)).added).toEqual([id])
    expect(await row(id)).toMatchObject({ state: 'complete', envelopeSha256, manifestSha256 })
    expect(describeTree(await here.restored(here.a, id))).toEqual(describeTree(source))
  },
)

test('one that had begun then, and has the same keys, is found to be complete', async () => {
  const { source, id, begun } = await made()
  const { manifestSha256 } = await row(id)
  await here.a.db.backup.update({ where: { id }, data: begun })
  await runBackup(here.a.context, id, never)
  expect(await row(id)).toMatchObject({ state: 'complete', manifestSha256 })
  expect(describeTree(await here.restored(here.a, id))).toEqual(describeTree(source))
})

test('one that was queued then and is cancelled stays in the bucket, and a catalogue says how it comes back', async () => {
  const { context, db } = here.a
  const { id, queued } = await made()
  await exportCatalog(context, undefined, actor)
  await db.backup.update({ where: { id }, data: queued })
  await cancelBackup(context, id, actor)
  await cleanUpBackup(context, id)
  const reason = expect.stringMatching(/Delete the cancelled one here, then import again\.$/)
  expect((await here.take(here.a)).conflicts).toContainEqual({ id, reason })
  await deletedForGood(id)
  expect((await here.take(here.a)).added).toEqual([id])
})

test('an envelope that is too large for one is not of this console: the row goes, and what is there stays', async () => {
  const { id, queued } = await made()
  const { environmentId: environment, prefix } = await row(id)
  const Key = backupFolder({ environment, backup: id, prefix }) + ENVELOPE
  await here.sandbox.s3().send(new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.alloc(2 << 20) }))
  await here.a.db.backup.update({ where: { id }, data: { ...queued, state: 'failed' } })
  await deletedForGood(id)
  expect(await here.a.db.backup.findUnique({ where: { id } })).toBeNull()
  expect(await lastDeleted()).toMatchObject({ changes: { 'left in the bucket': [null, expect.any(String)] } })
})

test('an envelope that may not be read postpones the deletion, and the row says that it does', async () => {
  const { id, queued } = await made()
  await here.a.db.backup.update({ where: { id }, data: { ...queued, state: 'failed' } })
  onTestFinished(async () => void (await here.sandbox.control('DELETE', 'faults')))
  await here.sandbox.control('PUT', 'faults', [{ service: 's3', operation: 'GetObject', effect: 'AccessDenied' }])
  await deletedForGood(id)
  expect(await row(id)).toMatchObject({
    state: 'deleting',
    error: expect.stringMatching(/its envelope could not be read\. .*s3:GetObject/),
  })
})
