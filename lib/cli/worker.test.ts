import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { beforeAll, expect, test } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { shareSandbox, startTestWorker } from '#lib/backup/workers-for-tests.ts'
import { cuttableLine } from '#lib/cuttable-line-for-tests.ts'

const here = sandboxConsole()
beforeAll(async () => {
  shareSandbox(here, here.sandbox)
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

test('one that runs while the console is updated takes no job any more, says why, and ends', async () => {
  const worker = await startTestWorker(here, 'forgotten.example.test')
  const exit = once(worker.process, 'exit')
  await here.db.$executeRaw`
    INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
    VALUES ('later', 'none', '99990101000000_later', now(), 1)`
  try {
    // Any worker's, and no row has this ID: whoever took it up would not leave it waiting.
    await here.context.jobs.send('clean-up', { id: randomUUID() })
    expect(await exit).toEqual([1, null])
    expect(worker.printed()).toContain('This worker is older than the console: the database has the migration 9999')
    const jobs = await here.db.$queryRaw`SELECT state::text FROM pgboss.job WHERE name = 'clean-up'`
    expect(jobs).toEqual([{ state: expect.stringMatching(/^(created|retry)$/) }])
  } finally {
    await here.db.$executeRaw`DELETE FROM _prisma_migrations WHERE id = 'later'`
  }
}, 60_000)

test.each([
  ['older', "UPDATE _prisma_migrations SET migration_name = '99990101000000_future' WHERE id = $1"],
  ['newer', 'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = $1'],
])(
  'one that is %s than the console refuses, and ends',
  async (which, statement) => {
    const [last] = await here.db.$queryRaw<{ id: string; name: string }[]>`
    SELECT id, migration_name AS name FROM _prisma_migrations ORDER BY migration_name DESC LIMIT 1`
    try {
      await here.db.$executeRawUnsafe(statement, last?.id)
      await expect(startTestWorker(here, 'other.example.test')).rejects.toThrow(
        `This worker is ${which} than the console: the database`,
      )
    } finally {
      await here.db.$executeRaw`
      UPDATE _prisma_migrations SET migration_name = ${last?.name}, rolled_back_at = NULL WHERE id = ${last?.id}`
    }
  },
  60_000,
)
