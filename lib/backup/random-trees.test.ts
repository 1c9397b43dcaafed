import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { SEGMENT, Workbench } from './backup-for-tests.ts'

// Names are any bytes but NUL and `/`.
const name = fc
  .oneof(
    {
      weight: 3,
      arbitrary: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).map((text) => Buffer.from(text)),
    },
    { weight: 3, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 90, maxLength: 255 }).map((bytes) => Buffer.from(bytes)) },
  )
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte)))
  .map((bytes) => Buffer.from(bytes.subarray(0, 255)))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')))

const edges = [0, 1, 511, 512, 513, SEGMENT - 1536, SEGMENT - 512, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT]
const thing = fc.record({
  name,
  kind: fc.constantFrom('file', 'file', 'file', 'folder', 'folder', 'symlink', 'hardlink'),
  size: fc.oneof(fc.constantFrom(...edges), fc.nat(3 * SEGMENT)),
  compressible: fc.boolean(),
  mode: fc.integer({ min: 0, max: 0o777 }),
  seconds: fc.integer({ min: -(2 ** 31), max: 2 ** 33 }),
  // Among the folders made so far.
  parent: fc.nat(),
})

/** A tree from a description; what cannot be made (a name taken, one too long) is left out. */
function plant(root: string, things: readonly (typeof thing extends fc.Arbitrary<infer T> ? T : never)[]): void {
  const folders = [Buffer.from(root)]
  const files: Buffer[] = []
  const last: (() => void)[] = []
  for (const { name, kind, size, compressible, mode, seconds, parent } of things) {
    const folder = folders[parent % folders.length] ?? Buffer.from(root)
    const path = Buffer.concat([folder, Buffer.from('/'), name])
    try {
      if (kind === 'folder') mkdirSync(path)
      else if (kind === 'symlink') symlinkSync(name, path)
      else if (kind === 'hardlink') linkSync(files[parent % files.length] ?? '', path)
      else writeFileSync(path, compressible ? Buffer.alloc(size, name) : randomBytes(size), { flag: 'wx' })
    } catch {
      continue
    }
    if (kind === 'folder') folders.push(path)
    if (kind === 'file') files.push(path)
    last.unshift(() => {
      if (kind !== 'symlink') chmodSync(path, kind === 'folder' ? mode | 0o700 : mode | 0o400)
      lutimesSync(path, seconds, seconds + 0.123456789)
    })
  }
  for (const finish of last) finish()
}

test('random trees come back the same', async () => {
  const tree = fc.record({
    things: fc.array(thing, { maxLength: 25 }),
    segmentSize: fc.constantFrom(512, 1000, 4096, SEGMENT, 2 ** 20),
    method: fc.constantFrom('keys' as const, 'keys' as const, 'none' as const),
  })
  await fc.assert(
    fc.asyncProperty(tree, async ({ things, segmentSize, method }) => {
      const bench = new Workbench()
      try {
        plant(bench.source, things)
        const before = describeTree(bench.source)
        const protection = method === 'none' ? { protection: { method } } : {}
        const written = await bench.backUp('random', {
          segmentSize: Math.max(segmentSize, largest(things) / 64),
          ...protection,
        })
        expect(written.warningList).toEqual([])
        const { target, result } = await bench.restore('random', protection)
        expect(describeTree(target)).toEqual(before)
        expect(result).toMatchObject({ files: written.files, folders: written.folders, links: written.links })
      } finally {
        bench.remove()
      }
    }),
    { numRuns: 40 },
  )
}, 120_000)

/** Keeps the number of segments, and so the test's time, in bounds. */
function largest(things: readonly { readonly size: number }[]): number {
  return Math.ceil(things.reduce((sum, { size }) => sum + size, 0) / 512) * 512
}
