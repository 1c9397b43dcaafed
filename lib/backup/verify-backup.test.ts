import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { failureOf, identityOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import type { BackupResult } from './backup-result.ts'
import { verifyDepths } from './schema.ts'
import { verifyBackup } from './verify-backup.ts'

let bench: Workbench
let written: BackupResult
let original: Map<string, Buffer>
beforeAll(async () => {
  bench = new Workbench()
  mkdirSync(join(bench.source, 'folder'))
  writeFileSync(join(bench.source, 'folder', 'large'), randomBytes(2.5 * SEGMENT))
  writeFileSync(join(bench.source, 'folder', 'größe'), 'not ASCII')
  writeFileSync(join(bench.source, 'empty'), '')
  linkSync(join(bench.source, 'folder', 'large'), join(bench.source, 'hard'))
  symlinkSync('folder', join(bench.source, 'soft'))
  for (let i = 0; i < 20; i += 1) writeFileSync(join(bench.source, `small-${i}`), randomBytes(500))
  written = await bench.backUp('mine')
  original = new Map(bench.store.objects)
})
afterAll(() => bench.remove())
afterEach(() => {
  bench.store.objects.clear()
  for (const [name, bytes] of original) bench.store.objects.set(name, bytes)
  bench.key.refusal = undefined
})

const verify = (depth: 'quick' | 'full') =>
  verifyBackup({
    store: bench.store,
    identity: identityOf('mine'),
    protection: { method: 'keys', keys: [bench.key] },
    manifestSha256: written.manifestSha256,
    depth,
  })
const at = (object: string) => bench.name('mine', object)
const damage = (object: string) => {
  const changed = Buffer.from(original.get(at(object)) ?? '')
  changed.writeUInt8(changed.readUInt8(changed.length >> 1) ^ 1, changed.length >> 1)
  bench.store.objects.set(at(object), changed)
}

test.each(verifyDepths)('%s: a whole backup has no problem, and one call opens its key', async (depth) => {
  const before = bench.key.calls.unwrap
  const result = await verify(depth)
  expect(result).toMatchObject({ problemCount: 0, problems: [], objects: written.segments + 3 })
  expect(result.bytes).toBeGreaterThan(2.5 * SEGMENT)
  expect(bench.key.calls.unwrap - before).toBe(1)
})

test.each(verifyDepths)('%s: every damaged and every missing object is named, the rest looked at', async (depth) => {
  damage('segments/1/0')
  damage('entries/1/0')
  bench.store.objects.delete(at('segments/1/2'))
  const result = await verify(depth)
  expect(result.problemCount).toBe(3)
  expect(result.objects).toBe(written.segments + 3)
  const found = Object.fromEntries(result.problems.map(({ object, message }) => [object, message]))
  expect(found['segments/1/0']).toMatch(/^Segment 0 of backup mine /)
  expect(found['segments/1/2']).toMatch(/^Segment 2 of backup mine is missing/)
  expect(found['entries/1/0']).toMatch(/^Entry list 0 of backup mine /)
})

test.each(verifyDepths)('%s: a damaged or missing envelope or manifest is the problem', async (depth) => {
  for (const object of ['envelope.json', 'manifest']) {
    damage(object)
    expect(await verify(depth)).toMatchObject({ problemCount: 1, problems: [{ object }] })
    bench.store.objects.delete(at(object))
    expect(await verify(depth)).toMatchObject({ problemCount: 1, problems: [{ object }] })
    bench.store.objects.set(at(object), original.get(at(object)) ?? Buffer.alloc(0))
  }
})

test('quick fetches no part', async () => {
  const fetched: string[] = []
  const store = Object.assign(Object.create(bench.store), {
    read: (key: string, max: number) => {
      fetched.push(key.slice(at('').length))
      return bench.store.read(key, max)
    },
  })
  const identity = identityOf('mine')
  const protection = { method: 'keys', keys: [bench.key] } as const
  await verifyBackup({ store, identity, protection, depth: 'quick' })
  expect(fetched).toEqual(['envelope.json', 'manifest'])
})

test('a key that refuses or cannot be reached is no problem of the backup: nothing can be said', async () => {
  for (const code of ['denied', 'unreachable'] as const) {
    bench.key.refusal = new AppError(code, 'The key is disabled.')
    expect(await failureOf(verify('quick'))).toMatchObject({ code, message: 'The key is disabled.' })
  }
})
