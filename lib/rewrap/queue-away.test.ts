import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '#lib/backup/backup-for-tests.ts'
import { openTestConsole } from '#lib/backup/console-for-tests.ts'
import { backUpNow } from '#lib/backup/jobs-for-tests.ts'
import { cuttableLine } from '#lib/cuttable-line-for-tests.ts'
import { messageOf } from '#lib/errors.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { requestOf, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'

const never = new AbortController().signal

test('the queue cannot be reached when a re-wrap has to wait: it is done again, and has not failed', async () => {
  const sandbox = await openTestSandbox()
  const here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  const line = await cuttableLine(here.url)
  const jobs = await openQueue(line.url)
  try {
    const [old, next] = [keyArn(sandbox.info, 'backups'), keyArn(sandbox.info, 'archive')]
    await here.save({ masterKey: old })
    const source = path.join(here.context.sourceRoots[0] ?? '', 'source')
    mkdirSync(source)
    writeFileSync(path.join(source, 'a'), 'first')
    const backup = await backUpNow(here.context, source)
    const id = await startNow(here.context, requestOf(old, next))
    line.close()
    await sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', effect: 'Outage' }])
    const error = await failureOf(runRewrap({ ...here.context, jobs }, id, never))
    expect(messageOf(error)).toContain('database cannot be reached')
    // As it is until its job is delivered once more.
    expect(await here.db.rewrap.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'running', error: null })
    await sandbox.control('DELETE', 'faults')
    await runRewrap(here.context, id, never)
    expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 1, failed: 0 })
    expect((await here.db.backup.findUniqueOrThrow({ where: { id: backup } })).keyIds).toEqual([next])
  } finally {
    await jobs.stop({ graceful: false })
    line.close()
    await here.close()
    await sandbox.close()
  }
})
