import { expect, onTestFinished, test, vi } from 'vitest'
import { failureOf } from '#lib/backup/backup-for-tests.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { cuttableLine } from '#lib/cuttable-line-for-tests.ts'
import { messageOf } from '#lib/errors.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { requestOf, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'

const never = new AbortController().signal

const here = sandboxConsole({ masterKey: 'alias/backups' })

test('the queue cannot be reached when a re-wrap has to wait: it is done again, and has not failed', async () => {
  const line = await cuttableLine(here.url)
  const jobs = await openQueue(line.url)
  onTestFinished(async () => {
    await jobs.stop({ graceful: false })
    line.close()
  })
  const [old, next] = [here.key('backups'), here.key('archive')]
  const backup = await here.complete(here.makeSmallSource())
  const id = await startNow(here.context, requestOf(old, next))
  line.close()
  await here.fail({ service: 'kms', operation: '*', effect: 'Outage' })
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => logged.mockRestore())
  const error = await failureOf(runRewrap({ ...here.context, jobs }, id, never))
  expect(messageOf(error)).toContain('database cannot be reached')
  const told = { level: 'error', part: 'rewrap', rewrap: id, message: `It begins again: ${messageOf(error)}` }
  expect(logged).toHaveBeenCalledWith(JSON.stringify(told))
  // As it is until its job is delivered once more.
  expect(await here.db.rewrap.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'running', error: null })
  await here.sandbox.control('DELETE', 'faults')
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 1, failed: 0 })
  expect((await here.row(backup)).keyIds).toEqual([next])
})
