import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import type { CreateOptions } from '#lib/storage/object-store.ts'
import { failureOf, folderSource, SEGMENT, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import type { SealedEnvelope } from './envelope.ts'
import { restoreBackup } from './restore-backup.ts'
import { TestKey } from './test-keys.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
  for (let i = 0; i < 4; i += 1) writeFileSync(join(bench.source, `random-${i}`), randomBytes(2 * SEGMENT))
  writeFileSync(join(bench.source, 'text'), 'MARKER of something private. '.repeat(1000))
})
afterEach(() => bench.remove())

const stored = () => [...bench.store.objects.keys()].map((name) => name.slice(bench.name('mine', '').length))

test('counts what it did', async () => {
  mkdirSync(join(bench.source, 'folder'))
  symlinkSync('text', join(bench.source, 'link'))
  const result = await bench.backUp('mine')
  const objects = [...bench.store.objects.values()].reduce((sum, object) => sum + object.length, 0)
  const envelope = bench.store.objects.get(bench.name('mine', 'envelope.json'))?.length ?? 0
  expect(result).toMatchObject({ files: 5, folders: 2, links: 1, bytes: 8 * SEGMENT + 29_000, warnings: 0 })
  expect(result.storedBytes).toBe(objects - envelope)
  expect(result.segments).toBe(stored().filter((name) => name.startsWith('segments/1/')).length)
  expect(result.segments).toBeGreaterThan(8)
})

test('stores the envelope first and the manifest last, and lets the caller remember the envelope before both', async () => {
  const order: string[] = []
  const store = new (class extends MemoryStore {
    override create(key: string, body: Uint8Array) {
      order.push(key.slice(bench.name('mine', '').length))
      return super.create(key, body)
    }
  })()
  const envelopes: SealedEnvelope[] = []
  await bench.backUp('mine', {
    store,
    onEnvelope: async (envelope) => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('remembered')
      envelopes.push(envelope)
    },
  })
  expect(order.slice(0, 2)).toEqual(['remembered', 'envelope.json'])
  expect(order.at(-1)).toBe('manifest')
  expect(envelopes).toMatchObject([{ generation: 1, keyIds: [bench.key.keyId] }])
})

test('leaves nothing readable in the bucket, and everything with method none', async () => {
  await bench.backUp('mine')
  for (const [name, object] of bench.store.objects) {
    expect(object.includes('MARKER'), name).toBe(false)
    expect(object.includes('random-'), name).toBe(false)
  }
  await bench.backUp('open', { protection: { method: 'none' } })
  expect([...bench.store.objects.values()].some((object) => object.includes('MARKER'))).toBe(true)
})

test('never writes unencrypted because there happens to be no key', async () => {
  const error = await failureOf(bench.backUp('mine', { protection: { method: 'keys', keys: [] } }))
  expect(error).toMatchObject({ code: 'invalid' })
  expect(stored()).toEqual([])
})

test('a key that refuses, or cannot be reached, ends it before anything is stored', async () => {
  for (const code of ['denied', 'unreachable'] as const) {
    bench.key.refusal = new AppError(code, 'The key says no.')
    expect(await failureOf(bench.backUp('mine'))).toBe(bench.key.refusal)
    expect(stored()).toEqual([])
  }
})

test.each([
  ['missing', 'not-found', 'does not exist'],
  ['text', 'invalid', 'is not a folder'],
  ['link', 'invalid', 'is not a folder'],
])('the source %s is refused as %s', async (name, code, words) => {
  symlinkSync('.', join(bench.source, 'link'))
  const error = await failureOf(bench.backUp('mine', { source: folderSource(join(bench.source, name)) }))
  expect(error).toMatchObject({ code, message: expect.stringContaining(words) })
})

describe('when storing fails', () => {
  class FailingStore extends MemoryStore {
    failing: (name: string) => boolean = () => false
    inFlight = 0
    mostInFlight = 0
    override async create(key: string, body: Uint8Array) {
      this.inFlight += 1
      this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
      await new Promise((resolve) => setImmediate(resolve))
      this.inFlight -= 1
      if (this.failing(key)) throw new AppError('unreachable', 'The bucket does not answer.')
      return super.create(key, body)
    }
  }

  test.each(['envelope.json', 'segments/1/0', 'segments/1/5', 'entries/1/0', 'manifest'])(
    '%s: it ends with that error, waits for what is under way, and does not exist',
    async (name) => {
      const store = new FailingStore()
      store.failing = (key) => key.endsWith(name)
      const error = await failureOf(bench.backUp('mine', { store }))
      expect(error).toMatchObject({ code: 'unreachable', message: 'The bucket does not answer.' })
      expect(store.inFlight).toBe(0)
      expect(store.mostInFlight).toBeLessThanOrEqual(4)
      expect([...store.objects.keys()].some((key) => key.endsWith('manifest'))).toBe(false)
    },
  )

  test.skipIf(process.platform !== 'linux')('it closes what it opened', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const store = new FailingStore()
    store.failing = (key) => key.endsWith('segments/1/1')
    await failureOf(bench.backUp('mine', { store }))
    const before = open()
    for (let i = 0; i < 5; i += 1)
      await failureOf(bench.backUp('mine', { store: Object.assign(store, { objects: new Map() }) }))
    expect(open()).toBe(before)
  })
})

test('stops when it is told to, and says how far it is', async () => {
  const controller = new AbortController()
  const seen: unknown[] = []
  const work = bench.backUp('mine', {
    signal: controller.signal,
    onProgress: (progress) => {
      seen.push(progress)
      controller.abort(new Error('stopped by hand'))
    },
  })
  expect(await failureOf(work)).toMatchObject({ message: 'stopped by hand' })
  expect(seen[0]).toMatchObject({ filesDone: 0, bytesRead: 0, currentPath: '.' })
  expect(stored()).not.toContain('manifest')
})

test('stops when it is told to while the bucket does not answer about the envelope', async () => {
  const controller = new AbortController()
  const store = new (class extends MemoryStore {
    override create(_key: string, _body: Uint8Array, { signal }: CreateOptions = {}) {
      setImmediate(() => controller.abort(new Error('stopped by hand')))
      return new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
  })()
  const error = await failureOf(bench.backUp('mine', { store, signal: controller.signal }))
  expect(error).toMatchObject({ message: 'stopped by hand' })
})

describe('a further attempt', () => {
  async function interrupted() {
    const envelopes: SealedEnvelope[] = []
    const controller = new AbortController()
    const onEnvelope = async (envelope: SealedEnvelope) => {
      envelopes.push(envelope)
      controller.abort()
    }
    await failureOf(bench.backUp('mine', { onEnvelope, signal: controller.signal }))
    const [envelope] = envelopes
    if (!envelope) throw new Error('no envelope was made')
    const keys = [{ keyId: bench.key.keyId, wrapper: bench.key }]
    return { protection: { method: 'keys', keys: [bench.key], earlier: { ...envelope, keys } } as const, envelope }
  }

  test('goes on with the same backup key, whether or not the envelope was stored', async () => {
    const { protection, envelope } = await interrupted()
    for (const attempt of [2, 3]) {
      bench.store.objects.delete(bench.name('mine', 'manifest'))
      if (attempt === 2) bench.store.objects.delete(bench.name('mine', 'envelope.json'))
      await bench.backUp('mine', { protection, attempt })
      expect(stored()).toContain(`segments/${attempt}/0`)
    }
    expect(bench.key.calls).toEqual({ wrap: 1, unwrap: 2 })
    expect(bench.store.objects.get(bench.name('mine', 'envelope.json'))).toEqual(envelope.bytes)
    const { target } = await bench.restore('mine')
    expect(describeTree(target)).toEqual(describeTree(bench.source))
  })

  test('finds that the one before had finished', async () => {
    const { protection } = await interrupted()
    const first = await bench.backUp('mine', { protection, attempt: 2 })
    writeFileSync(join(bench.source, 'later'), 'made after the backup')
    expect(await bench.backUp('mine', { protection, attempt: 3 })).toEqual(first)
    expect(stored().some((name) => name.includes('/3/'))).toBe(false)
  })

  const envelopeName = () => bench.name('mine', 'envelope.json')
  test.each<[string, () => void, string]>([
    // As in a database that was put back, from before its keys were exchanged.
    ['another envelope', () => void bench.store.objects.set(envelopeName(), Buffer.from('{}')), 'does not know'],
    [
      'far more than an envelope',
      () => void bench.store.objects.set(envelopeName(), Buffer.alloc(2 << 20)),
      'does not know',
    ],
    ['no envelope', () => void bench.store.objects.delete(envelopeName()), 'without an envelope'],
  ])('does not take what was finished for its own beside %s, and leaves it', async (_, change, words) => {
    const { protection } = await interrupted()
    await bench.backUp('mine', { protection, attempt: 2 })
    change()
    const before = new Map(bench.store.objects)
    const error = await failureOf(bench.backUp('mine', { protection, attempt: 3 }))
    expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining(words) })
    expect(bench.store.objects).toEqual(before)
  })

  test('and one thought dead: the first manifest stands, both agree on it', async () => {
    const { protection } = await interrupted()
    const results = await Promise.all([2, 3].map((attempt) => bench.backUp('mine', { protection, attempt })))
    expect(results[0]).toEqual(results[1])
    const { target } = await bench.restore('mine')
    expect(describeTree(target)).toEqual(describeTree(bench.source))
  })

  test('is refused an envelope that is not the one remembered', async () => {
    const { protection } = await interrupted()
    const bytes = Buffer.from(protection.earlier.bytes.toString().replace('"generation":1', '"generation":2'))
    const changed = { ...protection, earlier: { ...protection.earlier, bytes } }
    expect(await failureOf(bench.backUp('mine', { protection: changed, attempt: 2 }))).toMatchObject({
      code: 'integrity',
    })
  })
})

test('any one of several keys opens it; the others may be gone', async () => {
  const keys = ['one', 'two', 'three'].map((name) => new TestKey(name))
  await bench.backUp('mine', { protection: { method: 'keys', keys } })
  const [first, second, third] = keys
  if (first) first.refusal = new AppError('denied', 'The first key is disabled.')
  if (second) second.refusal = new AppError('unreachable', 'The second key does not answer.')
  const opening = keys.map((key) => ({ keyId: key.keyId, wrapper: key }))
  await bench.open('mine', { protection: { method: 'keys', keys: opening } })
  if (third) third.refusal = new AppError('denied', 'The third key is disabled.')
  const error = await failureOf(bench.open('mine', { protection: { method: 'keys', keys: opening } }))
  expect(error).toMatchObject({ code: 'unreachable', retryable: true })
  expect(String(error)).toContain(
    'None of 3 keys opens backup mine: The first key is disabled. The second key does not',
  )
})

test('a long list of entries comes in several parts', async () => {
  const count = 30_000
  const folder = join(bench.source, 'a-folder-with-a-rather-long-name-so-that-lines-are-long'.repeat(3))
  mkdirSync(folder)
  for (let i = 0; i < count; i += 1) writeFileSync(join(folder, `file-${String(i).padStart(6, '0')}`), '')
  await bench.backUp('mine', { segmentSize: 2 ** 20 })
  const backup = await bench.open('mine')
  expect(backup.manifest.entries.length).toBeGreaterThan(1)
  let seen = 0
  for await (const item of new EntryIndex(backup).from('')) if (item.path.includes('file-')) seen += 1
  expect(seen).toBe(count)
})

describe('a restore', () => {
  test('goes into a new or an empty folder only', async () => {
    await bench.backUp('mine')
    const backup = await bench.open('mine')
    const target = bench.newTarget()
    mkdirSync(target)
    await restoreBackup({ backup, target })
    const again = await failureOf(restoreBackup({ backup, target }))
    const fix = 'Restore into a new or an empty folder.'
    expect(again).toMatchObject({ code: 'conflict', message: `${target} is not empty.`, fix })
    expect(await failureOf(restoreBackup({ backup, target: join(target, 'text') }))).toMatchObject({ code: 'invalid' })
    expect(await failureOf(restoreBackup({ backup, target: join(target, 'a/b') }))).toMatchObject({ code: 'not-found' })
    expect(describeTree(target)).toEqual(describeTree(bench.source))
  })

  test('that is stopped in the middle of a file leaves whole files only', async () => {
    await bench.backUp('mine')
    const controller = new AbortController()
    const target = bench.newTarget()
    const backup = await bench.open('mine')
    const { store } = backup
    const work = restoreBackup({
      backup: {
        ...backup,
        store: Object.assign(Object.create(store), {
          async read(...asked: Parameters<typeof store.read>) {
            // Before it come the first half of random-3, and all of the others.
            if (asked[0].endsWith('segments/1/7')) {
              await expect.poll(() => existsSync(target) && readdirSync(target)).toContain('random-2')
              controller.abort(new Error('stopped by hand'))
            }
            return store.read(...asked)
          },
        }),
      },
      target,
      signal: controller.signal,
    })
    expect(await failureOf(work)).toMatchObject({ message: 'stopped by hand' })
    const [truth, left] = [describeTree(bench.source), describeTree(target)]
    const whole = ['./random-0', './random-1', './random-2']
    expect(Object.keys(left).sort()).toEqual(['.', ...whole])
    for (const path of whole) expect(left[path]).toBe(truth[path])
  })
})
