import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import type { LookOptions } from '#lib/storage/object-store.ts'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import { resumable } from './interrupt-for-tests.ts'
import { MemoryJournal } from './journal-for-tests.ts'

// What the list of the bucket does not tell.

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

/** A backup that was interrupted, to be gone on with over a bucket that answers in another way. */
async function cut() {
  for (let i = 0; i < 4; i += 1) writeFileSync(join(bench.source, `file-${i}`), randomBytes(3 * SEGMENT))
  const journal = new MemoryJournal()
  const run = await resumable(bench, journal)
  await failureOf(run(6))
  expect(journal.checkpoints.size).toBeGreaterThan(2)
  const on = (store: MemoryStore, signal = new AbortController().signal) =>
    run(undefined, { store: Object.assign(store, { objects: bench.store.objects }), signal })
  return on
}

test('a part that is listed only a while after it was stored is there all the same', async () => {
  const on = await cut()
  await on(
    new (class extends MemoryStore {
      override async *list(prefix: string) {
        for await (const one of super.list(prefix)) if (!one.key.endsWith('segments/1/1')) yield one
      }
    })(),
  )
  expect(
    (await bench.open('mine')).manifest.segments.filter(({ place }) => place.attempt === 1).length,
  ).toBeGreaterThan(2)
  expect(describeTree((await bench.restore('mine')).target)).toEqual(describeTree(bench.source))
})

test('a list that cannot be relied on costs a question for each part, and nothing that is finished', async () => {
  const on = await cut()
  await on(
    new (class extends MemoryStore {
      // biome-ignore lint/correctness/useYield: it throws before there is anything
      override async *list(): AsyncGenerator<never> {
        throw new AppError('integrity', 'The bucket does not say where its list goes on.')
      }
    })(),
  )
  const { segments } = (await bench.open('mine')).manifest
  expect(segments.filter(({ place }) => place.attempt === 1).length).toBeGreaterThan(2)
  expect(describeTree((await bench.restore('mine')).target)).toEqual(describeTree(bench.source))
})

test.each(['read', 'list', 'look'] as const)(
  'it stops when it is told to while the bucket does not answer (%s)',
  async (silent) => {
    const on = await cut()
    const controller = new AbortController()
    const unanswered = ({ signal }: LookOptions = {}) => {
      setImmediate(() => controller.abort(new Error('stopped by hand')))
      return new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    const store = new MemoryStore()
    if (silent === 'read') store.read = (_key, _maxBytes, options) => unanswered(options)
    store.list = async function* (_prefix, options) {
      if (silent === 'list') yield await unanswered(options)
    }
    store.look = (_key, options) => unanswered(options)
    expect(await failureOf(on(store, controller.signal))).toMatchObject({ message: 'stopped by hand' })
  },
)
