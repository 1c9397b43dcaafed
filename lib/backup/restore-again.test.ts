import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { queueName } from '#lib/jobs/queue.ts'
import { cancelRestore } from './cancel-job.ts'
import { actor } from './console-for-tests.ts'
import { giveUpRestore } from './end-restore.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { backUpNow } from './jobs-for-tests.ts'
import { draftOf, identityOf } from './restore-drafts.ts'
import { runRestore } from './run-restore.ts'
import { startRestore } from './start-restore.ts'

// Systems that do not tell their starts apart begin again.
const takesOver = existsSync('/proc/sys/kernel/random/boot_id')
const never = new AbortController().signal
const here = gatedConsole()
const { gate } = here
let key: string
let source: string
let backupId: string
/** What a restore without any trouble gets from the bucket: four segments and what opens them. */
let whole: number

beforeAll(async () => {
  key = here.key('backups')
  await here.save({ masterKey: key })
  source = path.join(here.root(), 'source')
  mkdirSync(source)
  for (const name of ['a', 'b', 'c']) writeFileSync(path.join(source, name), randomBytes(16 << 20))
  chmodSync(source, 0o775)
  backupId = await backUpNow(here.context, source)
  const { id } = await start()
  whole = await readsOf(() => runRestore(here.context, id, never))
})

async function start() {
  const parent = here.newTarget()
  mkdirSync(parent, { recursive: true })
  const target = path.join(parent, 'restored')
  const id = await startRestore(here.context, { backupId, target }, 'page', actor)
  return { id, target, beside: () => readdirSync(parent) }
}
const row = (id: string) => here.db.restore.findUniqueOrThrow({ where: { id } })
/** Counted at the gate: what another attempt was let go with reaches the sandbox some time later. */
async function readsOf(work: () => Promise<unknown>): Promise<number> {
  let reads = 0
  const counting = gate.hold(({ url }) => {
    if (url.includes('x-id=GetObject')) reads += 1
    return false
  })
  await work()
  counting.release()
  return reads
}

/** An attempt that has finished `a` and `b`, and cannot come by the end of `c`. */
async function inTheMiddle({ id, target }: { id: string; target: string }) {
  const last = gate.hold(({ method, url }) => method === 'GET' && /\/segments\/\d+\/3\b/.test(url), 1)
  const stop = new AbortController()
  const running = runRestore(here.context, id, stop.signal).catch((error: unknown) => error)
  const draft = draftOf({ id, target, attempt: 1 })
  await expect.poll(() => existsSync(path.join(draft, 'b')), { timeout: 15_000 }).toBe(true)
  // And has been at it long enough for the row to know its draft.
  await expect.poll(async () => (await row(id)).progress, { timeout: 15_000 }).toHaveProperty('draft')
  return {
    draft,
    running,
    release: () => last.release(),
    async stop() {
      stop.abort(new Error('This worker is stopping.'))
      last.release()
      await running
    },
  }
}

test('stopped in the middle, then the key cannot be reached: it waits, goes on, and fetches only the rest', async () => {
  const restore = await start()
  const { stop, draft } = await inTheMiddle(restore)
  await stop()
  expect(readdirSync(draft)).toEqual(['a', 'b'])
  await here.fail({ service: 'kms', operation: '*', effect: 'Outage' })
  await runRestore(here.context, restore.id, never)
  expect(await row(restore.id)).toMatchObject({ state: 'waiting', waitingFor: 'key', attempt: 2 })
  expect(restore.beside()).toEqual([path.basename(draft)])
  await here.sandbox.control('DELETE', 'faults')
  // Of four segments the first two hold nothing else.
  const reads = await readsOf(() => runRestore(here.context, restore.id, never))
  expect(reads).toBe(takesOver ? whole - 2 : whole)
  expect(await row(restore.id)).toMatchObject({ state: 'complete', attempt: 3, files: 3, bytes: 48n << 20n })
  expect(describeTree(restore.target)).toEqual(describeTree(source))
  expect(restore.beside()).toEqual(['restored'])
})

test('a worker thought dead: its files are taken over, and when it wakes it changes nothing', async () => {
  const restore = await start()
  const zombie = await inTheMiddle(restore)
  const reads = await readsOf(() => runRestore(here.context, restore.id, never))
  expect(reads).toBe(takesOver ? whole - 2 : whole)
  const complete = await row(restore.id)
  expect(complete).toMatchObject({ state: 'complete', attempt: 2, files: 3 })
  zombie.release()
  await zombie.running
  expect(await row(restore.id)).toEqual(complete)
  expect(describeTree(restore.target)).toEqual(describeTree(source))
  expect(restore.beside()).toEqual(['restored'])
})

test('a worker thought dead that wakes first leaves what it has finished to the one that takes it over', async () => {
  const restore = await start()
  const zombie = await inTheMiddle(restore)
  // Claimed by somebody who has come no further.
  await here.db.restore.update({ where: { id: restore.id }, data: { attempt: 2 } })
  zombie.release()
  await zombie.running
  expect(existsSync(path.join(zombie.draft, 'b'))).toBe(true)
  const reads = await readsOf(() => runRestore(here.context, restore.id, never))
  expect(reads).toBeLessThanOrEqual(takesOver ? whole - 2 : whole)
  expect(describeTree(restore.target)).toEqual(describeTree(source))
  expect(restore.beside()).toEqual(['restored'])
})

test.runIf(takesOver)('one that died with all restored but its name: nothing is fetched again', async () => {
  const restore = await start()
  await runRestore(here.context, restore.id, never)
  const draft = draftOf({ ...restore, attempt: 1 })
  renameSync(restore.target, draft)
  await here.db.restore.update({
    where: { id: restore.id },
    data: { state: 'running', progress: { draft: identityOf(draft) ?? '' } },
  })
  const reads = await readsOf(() => runRestore(here.context, restore.id, never))
  expect(reads).toBe(whole - 4)
  expect(await row(restore.id)).toMatchObject({ state: 'complete', attempt: 2, files: 3, bytes: 48n << 20n })
  expect(describeTree(restore.target)).toEqual(describeTree(source))
  expect(restore.beside()).toEqual(['restored'])
})

test('cancelled while it waits, or given up: a worker of its host removes what was restored', async () => {
  const waiting = await start()
  await (await inTheMiddle(waiting)).stop()
  await here.db.restore.update({ where: { id: waiting.id }, data: { state: 'waiting' } })
  expect(await cancelRestore(here.context, waiting.id, actor)).toBe('cancelled')

  const stopped = await start()
  await (await inTheMiddle(stopped)).stop()
  await giveUpRestore(here.context, stopped.id)

  for (const { id, beside } of [waiting, stopped]) {
    expect(beside()).toHaveLength(1)
    const jobs = await here.db.$queryRaw`SELECT name FROM pgboss.job WHERE data->>'id' = ${id}`
    expect(jobs).toEqual([1, 2].map(() => ({ name: queueName('restore', hostname()) })))
    const before = await row(id)
    await runRestore(here.context, id, never)
    expect(await row(id)).toEqual(before)
    expect(beside()).toEqual([])
  }
})

test('a further attempt that fails for good, or is cancelled, removes what all of them restored', async () => {
  const refused = await start()
  await (await inTheMiddle(refused)).stop()
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  await runRestore(here.context, refused.id, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  expect(await row(refused.id)).toMatchObject({ state: 'failed', attempt: 2 })
  expect(refused.beside()).toEqual([])

  const cancelled = await start()
  await (await inTheMiddle(cancelled)).stop()
  expect(await cancelRestore(here.context, cancelled.id, actor)).toBe('asked')
  await runRestore(here.context, cancelled.id, never)
  expect(await row(cancelled.id)).toMatchObject({ state: 'cancelled', attempt: 2 })
  expect(cancelled.beside()).toEqual([])
})
