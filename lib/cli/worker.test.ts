import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { shareSandbox, startTestWorker } from '#lib/backup/workers-for-tests.ts'
import { cuttableLine } from '#lib/cuttable-line-for-tests.ts'
import { openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'

let sandbox: TestSandbox
let here: TestConsole
beforeAll(async () => {
  sandbox = await openTestSandbox()
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  shareSandbox(here, sandbox)
})
afterAll(async () => {
  await here.close()
  await sandbox.close()
})

test('told to stop while its database is gone, it ends, and says what was amiss', async () => {
  const line = await cuttableLine(here.url)
  const worker = await startTestWorker({ ...here, url: line.url }, 'lonely.example.test')
  line.close()
  const exit = once(worker.process, 'exit')
  worker.process.kill('SIGTERM')
  expect(await exit).toEqual([0, null])
  expect(worker.printed()).toContain('The console’s database')
}, 60_000)
