import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf } from './backup-for-tests.ts'
import { cancelRestore } from './cancel-job.ts'
import { actor } from './console-for-tests.ts'
import { giveUpRestore } from './end-restore.ts'
import { failed, finished, restoreRuns, started } from './restore-runs-for-tests.ts'
import { runRestore } from './run-restore.ts'

const never = new AbortController().signal
const here = restoreRuns()
const { auditedOf, backup, beside, holdSegments, newTarget, restore, startRestore: begin } = here

test('a stopped worker gives its work back; the next one goes on and completes', async () => {
  const target = newTarget()
  const id = await begin(target)
  const stop = new AbortController()
  const reading = holdSegments()
  const first = failureOf(runRestore(here.context, id, stop.signal))
  await reading.arrived(1)
  const reason = new Error('This worker is stopping.')
  stop.abort(reason)
  reading.release()
  expect(await first).toBe(reason)
  expect(await restore(id)).toMatchObject({ state: 'running', error: null })
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({ state: 'complete', files: 2 })
  expect(describeTree(target)).toEqual(describeTree(backup.source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditedOf(target)).toEqual([started, finished])
})

test('a worker thought dead that wakes after another completed changes nothing', async () => {
  const target = newTarget()
  const id = await begin(target)
  const asleep = holdSegments(1)
  const zombie = runRestore(here.context, id, never).catch((error: unknown) => error)
  await asleep.arrived(1)
  await runRestore(here.context, id, never)
  const complete = await restore(id)
  expect(complete).toMatchObject({ state: 'complete', files: 2 })
  asleep.release()
  await zombie
  expect(await restore(id)).toEqual(complete)
  expect(describeTree(target)).toEqual(describeTree(backup.source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditedOf(target)).toEqual([started, finished])
})

test('a worker thought dead that wakes in the middle of another’s attempt neither fails nor finishes it', async () => {
  const target = newTarget()
  const id = await begin(target)
  const first = holdSegments(1)
  const zombie = runRestore(here.context, id, never).catch((error: unknown) => error)
  await first.arrived(1)
  const second = holdSegments(1)
  const other = runRestore(here.context, id, never)
  await second.arrived(1)
  first.release()
  await zombie
  expect(await restore(id)).toMatchObject({ state: 'running', error: null })
  expect(beside(target)).not.toContain('restored')
  second.release()
  await other
  expect(await restore(id)).toMatchObject({ state: 'complete', files: 2 })
  expect(describeTree(target)).toEqual(describeTree(backup.source))
  expect(beside(target)).toEqual(['restored'])
  expect(await auditedOf(target)).toEqual([started, finished])
})

test('given up when somebody has asked for its end: it was cancelled', async () => {
  const target = newTarget()
  const id = await begin(target)
  await here.db.restore.update({ where: { id }, data: { state: 'running', attempt: 1, cancelRequested: true } })
  await giveUpRestore(here.context, id)
  expect(await restore(id)).toMatchObject({ state: 'cancelled', error: null, attempt: 2 })
  expect(await auditedOf(target)).toEqual([started, `restore.finish cancelled ${actor}`])
})

test('given up while it waits, and begun by its next job in the middle of that: it goes on', async () => {
  const target = newTarget()
  const id = await begin(target)
  await here.db.restore.update({ where: { id }, data: { state: 'waiting', attempt: 1 } })
  let ends = 0
  const begun = here.db.$extends({
    query: {
      restore: {
        async updateManyAndReturn({ args, query }) {
          const ended = await query(args)
          ends += 1
          if (ends === 1) await here.db.restore.update({ where: { id }, data: { state: 'running', attempt: 2 } })
          return ended
        },
      },
    },
  })
  const db = new Proxy(here.db, { get: (_, name) => Reflect.get(begun, name) })
  await giveUpRestore({ ...here.context, db }, id)
  expect(ends).toBe(2)
  expect(await restore(id)).toMatchObject({ state: 'running', attempt: 2, finishedAt: null })
  expect(await auditedOf(target)).toEqual([started])
})

test('given up is final: the worker that wakes afterwards cannot complete it', async () => {
  const target = newTarget()
  const id = await begin(target)
  const reading = holdSegments()
  const zombie = runRestore(here.context, id, never).catch((error: unknown) => error)
  await reading.arrived(1)
  await giveUpRestore(here.context, id)
  const given = await restore(id)
  expect(given).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The worker stopped/) })
  reading.release()
  await zombie
  await giveUpRestore(here.context, id)
  expect(await restore(id)).toEqual(given)
  expect(beside(target)).toEqual([])
  expect(await auditedOf(target)).toEqual([started, failed])
})

test('a worker that died between the rename and the commit: the next one knows the folder for its own', async () => {
  const target = newTarget()
  const id = await begin(target)
  await runRestore(here.context, id, never)
  const complete = await restore(id)
  await here.db.restore.update({
    where: { id },
    data: { state: 'running', finishedAt: null, files: null, bytes: null },
  })
  await runRestore(here.context, id, never)
  const { files, bytes, warnings } = complete
  expect(await restore(id)).toMatchObject({ state: 'complete', attempt: 2, error: null, files, bytes, warnings })
  expect(describeTree(target)).toEqual(describeTree(backup.source))

  // A folder that somebody else put there is not.
  await here.db.restore.update({ where: { id }, data: { state: 'running' } })
  rmSync(target, { recursive: true })
  mkdirSync(target)
  writeFileSync(path.join(target, 'mine'), 'mine')
  await runRestore(here.context, id, never)
  expect(await restore(id)).toMatchObject({ state: 'failed', error: expect.stringContaining('is not empty') })
  expect(readdirSync(target)).toEqual(['mine'])
})

test('cancelled in the middle: nothing is left on the disk', async () => {
  const target = newTarget()
  const id = await begin(target)
  const reading = holdSegments()
  const running = runRestore(here.context, id, never)
  await reading.arrived(1)
  expect(await cancelRestore(here.context, id, actor)).toBe('asked')
  // Not waiting for a bucket that does not answer.
  await running
  reading.release()
  expect(await restore(id)).toMatchObject({ state: 'cancelled', error: null })
  expect(beside(target)).toEqual([])
  expect(await failureOf(cancelRestore(here.context, id, actor))).toMatchObject({ code: 'conflict' })
  expect(await auditedOf(target)).toEqual([
    started,
    `restore.cancel success ${actor}`,
    `restore.finish cancelled ${actor}`,
  ])
})
