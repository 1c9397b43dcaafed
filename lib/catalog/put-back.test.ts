import { expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { exportCatalog } from './export-catalog.ts'
import { twoConsoles } from './two-consoles-for-tests.ts'

// An older database is put back, in which a backup that has been made since is still to be made.

const never = new AbortController().signal
const here = twoConsoles()

test.each([
  ['queued', {}],
  // For its key, say, which had not wrapped anything yet.
  ['waiting', { state: 'waiting', attempt: 3, tries: 3 }],
] as const)('a backup that was %s then and is complete by now is neither overwritten nor deleted', async (_, then) => {
  const { context, db } = here.a
  const source = here.plant()
  const id = await startBackup(context, { source, name: '' }, 'page', actor)
  const { warnings: _warnings, progress: _progress, ...queued } = await db.backup.findUniqueOrThrow({ where: { id } })
  await runBackup(context, id, never)
  const complete = await db.backup.findUniqueOrThrow({ where: { id } })
  expect(complete.state).toBe('complete')
  await exportCatalog(context, undefined, actor)

  await db.backup.update({ where: { id }, data: { ...queued, ...then } })
  await runBackup(context, id, never)
  expect(await db.backup.findUniqueOrThrow({ where: { id } })).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/^The bucket holds an envelope of this very backup that the database does not know/),
  })
  expect((await here.take(here.a)).conflicts).toEqual([{ id, reason: expect.stringMatching(/Delete the failed one/) }])

  await deleteBackup(context, id, actor)
  await db.backup.update({ where: { id }, data: { finishedAt: new Date(Date.now() - 600_000) } })
  await cleanUpBackup(context, id)
  expect(await db.backup.findUnique({ where: { id } })).toBeNull()
  expect(await db.auditEvent.findFirst({ where: { action: 'backup.deleted' }, orderBy: { id: 'desc' } })).toMatchObject(
    {
      subject: expect.stringContaining(id),
      changes: { 'left in the bucket': [null, expect.any(String)] },
    },
  )

  expect((await here.take(here.a)).added).toEqual([id])
  const { envelopeSha256, manifestSha256 } = complete
  expect(await db.backup.findUnique({ where: { id } })).toMatchObject({
    state: 'complete',
    envelopeSha256,
    manifestSha256,
  })
  expect(describeTree(await here.restored(here.a, id))).toEqual(describeTree(source))
})
