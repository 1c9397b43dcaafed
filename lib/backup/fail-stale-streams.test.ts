import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { savedEnvironment } from '#lib/environment/access.ts'
import { actor } from './console-for-tests.ts'
import { failStaleStreams } from './fail-stale-streams.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { createBackupRow } from './start-backup.ts'

const never = new AbortController().signal
const here = gatedConsole()
const { auditOf, objectsOf, row } = here
beforeAll(async () => {
  await here.save({ masterKey: here.key('backups') })
})

/** The row of a stream that somebody sends. */
async function stream(name: string): Promise<string> {
  const { environmentId, revision } = await savedEnvironment(here.db)
  const source = { kind: 'stream', path: 'standard input', host: '' } as const
  return createBackupRow(here.db, { environmentId, revision, name, source, actor })
}

test('a stream whose receiver died is failed, one that is still coming is not', async () => {
  const [dead, alive] = [await stream('dead'), await stream('alive')]
  for (const [id, seconds] of [
    [dead, 61],
    [alive, 30],
  ] as const)
    await here.db.backup.update({
      where: { id },
      data: { seenAt: new Date(Date.now() - seconds * 1000), state: 'running' },
    })
  // No worker ever takes it for a folder.
  await runBackup(here.context, alive, never)
  expect(await row(alive)).toMatchObject({ state: 'running', attempt: 0 })
  await failStaleStreams(here.context)
  expect(await row(dead)).toMatchObject({ state: 'failed', error: expect.stringContaining('Send it again.') })
  expect(await auditOf(dead)).toEqual(['backup.start success', 'backup.finish failed'])
  expect(await row(alive)).toMatchObject({ state: 'running', error: null })
})

test('a stream whose end somebody asked for was cancelled, and has not failed', async () => {
  const id = await stream('cancelled')
  const seenAt = new Date(Date.now() - 61_000)
  await here.db.backup.update({ where: { id }, data: { seenAt, state: 'running', cancelRequested: true } })
  await failStaleStreams(here.context)
  expect(await row(id)).toMatchObject({ state: 'cancelled', error: null, finishedAt: expect.any(Date) })
  expect(await auditOf(id)).toEqual(['backup.start success', 'backup.finish cancelled'])
})

test('the clock of whoever looks for dead streams does not count, nor that of whoever receives one', async () => {
  const id = await stream('slow')
  const open = Promise.withResolvers<void>()
  async function* bytes() {
    yield Buffer.from('one\n')
    await open.promise
  }
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 120_000 })
  onTestFinished(() => void vi.useRealTimers())
  const coming = runBackup(here.context, id, never, { kind: 'stream', name: 'slow', bytes: bytes() })
  await expect.poll(async () => (await row(id)).progress).toMatchObject({ currentPath: 'slow' })
  vi.setSystemTime(Date.now() + 240_000)
  await failStaleStreams(here.context)
  open.resolve()
  await coming
  expect(await row(id)).toMatchObject({ state: 'complete', error: null })
})

test('bytes that come once: backed up by whoever receives them', async () => {
  const id = await stream('dump')
  async function* bytes() {
    yield Buffer.from('one\n')
    yield Buffer.from('two\n')
  }
  await runBackup(here.context, id, never, { kind: 'stream', name: 'dump.sql', bytes: bytes() })
  expect(await row(id)).toMatchObject({ state: 'complete', files: 1, bytes: 8n, error: null })

  const broken = await stream('broken')
  const gone = new AbortController()
  async function* endless() {
    for (;;) {
      yield Buffer.alloc(1000)
      gone.abort(new Error('The sender is gone.'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await runBackup(here.context, broken, gone.signal, { kind: 'stream', name: 'x', bytes: endless() })
  expect(await row(broken)).toMatchObject({ state: 'failed', error: 'The sender is gone.' })
  expect(await objectsOf(broken)).toEqual([])
})
