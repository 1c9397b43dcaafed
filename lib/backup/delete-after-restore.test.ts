import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { jobPayload, queueName } from '#lib/jobs/queue.ts'
import { cancelRestore } from './cancel-job.ts'
import { cleanUpBackup, cleanUpDue } from './clean-up.ts'
import { actor } from './console-for-tests.ts'
import { deleteBackup } from './delete-backup.ts'
import { draftOf } from './restore-drafts.ts'
import { runRestore } from './run-restore.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'
import { startRestore } from './start-restore.ts'

const never = new AbortController().signal

const here = sandboxConsole({ masterKey: 'alias/backups' })

test('what a cancelled restore had restored does not stay on its host because the backup was deleted first', async () => {
  const backupId = await here.complete(here.makeSmallSource())
  const target = here.newTarget()
  const id = await startRestore(here.context, { backupId, target }, 'page', actor)
  // As its first attempt leaves it when the bucket cannot be reached in the middle.
  await here.db.restore.update({ where: { id }, data: { state: 'waiting', waitingFor: 'bucket', attempt: 1 } })
  const draft = draftOf({ id, target, attempt: 1 })
  mkdirSync(draft)
  writeFileSync(path.join(draft, 'a'), 'secret')
  expect(await cancelRestore(here.context, id, actor)).toBe('cancelled')
  await deleteBackup(here.context, backupId, actor)
  // The host's workers have other jobs in hand.
  await cleanUpBackup(here.context, backupId)
  expect(await here.db.backup.findUnique({ where: { id: backupId } })).toMatchObject({
    state: 'deleting',
    error: `It goes when a worker of ${hostname()} has removed what a cancelled restore left beside ${target}.`,
  })
  const queue = queueName('restore', hostname())
  for (const job of await here.context.jobs.fetch(queue, { batchSize: 10 })) {
    await runRestore(here.context, jobPayload.parse(job.data).id, never)
    await here.context.jobs.complete(queue, job.id)
  }
  expect(existsSync(draft)).toBe(false)
  await here.db.backup.update({ where: { id: backupId }, data: { nextTryAt: null } })
  await cleanUpDue(here.context, never)
  expect(await here.db.backup.findUnique({ where: { id: backupId } })).toBeNull()
})
