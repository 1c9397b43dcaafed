import { PgBoss } from 'pg-boss'
import { expect, onTestFinished, test, vi } from 'vitest'
import { databaseLine, patient } from '#lib/database-line.ts'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { logError } from './queue.ts'

test('what PostgreSQL gave up for the queue is logged in words for a person, once a minute', async () => {
  const here = await openTestDatabase()
  onTestFinished(() => here.close())
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => said.mockRestore())
  const line = databaseLine(here.url, { ...patient, silentMs: 1_000 })
  const boss = new PgBoss({ ...line, supervise: false, schedule: false, migrate: false, createSchema: false })
  const errors: Error[] = []
  boss.on('error', (error) => {
    errors.push(error)
    logError(error)
  })
  await boss.start()
  onTestFinished(() => boss.stop({ graceful: false }))
  await here.db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE pgboss.job IN ACCESS EXCLUSIVE MODE`
    for (const queue of ['backup', 'restore'])
      await boss.work(queue, { pollingIntervalSeconds: 0.5 }, async () => undefined)
    await vi.waitUntil(() => errors.length >= 2, { timeout: 20_000 })
  })
  const message = expect.stringMatching(/^The console’s database did not get it done in time, and gave it up\. /)
  const told = () => said.mock.calls.map(([text]) => JSON.parse(String(text)))
  expect(told()).toEqual([{ level: 'error', part: 'queue', message }])
  for (const error of errors.slice(0, 2)) logError(error, performance.now() + 60_000)
  expect(told()).toHaveLength(2)
})
