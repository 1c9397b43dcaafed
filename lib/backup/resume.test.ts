import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import { failureOf, folderSource, SEGMENT, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import { interruptAnywhere } from './interrupt-anywhere-for-tests.ts'
import { interrupted, resumable, runCutInTwo } from './interrupt-for-tests.ts'
import { MemoryJournal } from './journal-for-tests.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

/** Files of every awkward size, names of one file, a folder in between, many small files. */
function plant(root: string): void {
  for (const size of [0, 1, SEGMENT - 1536, SEGMENT - 512, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
    writeFileSync(join(root, `a-${size}`), randomBytes(size))
  mkdirSync(join(root, 'folder/empty'), { recursive: true })
  for (let i = 0; i < 60; i += 1) writeFileSync(join(root, `folder/small-${i}`), randomBytes(i * 50))
  mkdirSync(join(root, `long-${'x'.repeat(200)}`))
  linkSync(join(root, `a-${SEGMENT}`), join(root, `long-${'x'.repeat(200)}/hard`))
  linkSync(join(root, 'a-1'), join(root, 'z-hard'))
  symlinkSync('a-1', join(root, 'z-link'))
  writeFileSync(join(root, 'z-last'), randomBytes(SEGMENT / 2))
}

describe('after an interruption at any stored object', () => {
  test.each([0, 1, 2, 3, 5, 8, 10, 11, 12, 13])('the %ith: it goes on, and comes back the same', async (cut) => {
    plant(bench.source)
    const { result, again, target } = await runCutInTwo(bench, cut)
    expect(describeTree(target)).toEqual(describeTree(bench.source))
    expect(result.warningList).toEqual([])
    expect(again.segments).toBeLessThanOrEqual(2)
    // One to resume; the others are the test's own, to restore and to look.
    expect(bench.key.calls).toEqual({ wrap: 1, unwrap: 3 })
  })

  test('again and again, every attempt stores one more', async () => {
    plant(bench.source)
    const run = await resumable(bench)
    let attempts = 0
    for (; attempts < 100; attempts += 1) {
      const done = await run(4).catch(() => undefined)
      if (!done) continue
      expect(describeTree((await bench.restore('mine')).target)).toEqual(describeTree(bench.source))
      break
    }
    expect(attempts).toBeGreaterThan(3)
    const backup = await bench.open('mine')
    expect(new Set(backup.manifest.segments.map(({ place }) => place.attempt)).size).toBeGreaterThan(2)
    let listed = 0
    for await (const _ of new EntryIndex(backup).from('')) listed += 1
    expect(listed).toBe(Object.keys(describeTree(bench.source)).length)
  })

  test('at random moments', () => interruptAnywhere(15), 60_000)

  test('between the last part and the manifest: nothing is sent again', async () => {
    plant(bench.source)
    const store = new (class extends MemoryStore {
      broken = true
      override async create(key: string, body: Uint8Array) {
        if (this.broken && key.endsWith('/manifest')) throw new AppError('denied', 'Not this one.')
        return super.create(key, body)
      }
    })()
    const { options } = await interrupted(bench, store)
    const before = [...store.objects.keys()].filter((key) => key.includes('/segments/'))
    store.broken = false
    await bench.backUp('mine', { ...options, attempt: 2, store })
    expect([...store.objects.keys()].filter((key) => key.includes('/segments/'))).toEqual(before)
  })
})

describe('when the source is not what it was', () => {
  const middle = 'b-large'
  const large = () => join(bench.source, middle)
  beforeEach(() => {
    writeFileSync(join(bench.source, 'a-first'), randomBytes(1000))
    writeFileSync(large(), randomBytes(8 * SEGMENT))
    writeFileSync(join(bench.source, 'c-next'), randomBytes(1000))
  })
  /** Stops in the middle of the large file, changes something, goes on; what the backup then says of the file. */
  async function changed(act: () => void) {
    const run = await resumable(bench)
    await failureOf(run(5))
    act()
    const result = await run()
    const { target } = await bench.restore('mine')
    const tree = describeTree(target)
    expect(tree['./c-next']).toBe(describeTree(bench.source)['./c-next'])
    return { warnings: result.warningList, tree }
  }

  test.each([
    ['grew', () => appendFileSync(large(), 'more'), /^it grew while it was read: the backup holds its first 524288/],
    ['shrank', () => truncateSync(large(), SEGMENT), /^it shrank from 524288 to \d+ bytes while it was read/],
    ['vanished', () => unlinkSync(large()), /^it vanished while the backup was interrupted: from byte \d+ of 524288/],
    [
      'was replaced',
      () => {
        writeFileSync(join(bench.folder, 'other'), randomBytes(8 * SEGMENT))
        renameSync(join(bench.folder, 'other'), large())
      },
      /^it was replaced while the backup was interrupted: from byte \d+ of 524288 on the backup holds zeros$/,
    ],
    [
      'was replaced by a folder',
      () => {
        unlinkSync(large())
        mkdirSync(large())
        writeFileSync(join(large(), 'inside'), 'x')
      },
      /^it vanished while the backup was interrupted/,
    ],
  ])('the file that was being read %s: said, and the rest is whole', async (_, act, words) => {
    const { warnings, tree } = await changed(act)
    expect(warnings).toMatchObject([{ path: middle, message: expect.stringMatching(words) }])
    expect(tree[`./${middle}`]).toContain('524288 bytes')
  })

  test.each([0, 1])('its other names hold all of it, also after %i more interruptions', async (more) => {
    for (const name of ['d-name', 'e-name']) linkSync(large(), join(bench.source, name))
    const run = await resumable(bench)
    await failureOf(run(5))
    unlinkSync(large())
    if (more > 0) await failureOf(run(4))
    const result = await run()
    expect(result.warningList).toMatchObject([{ path: middle, message: expect.stringMatching(/holds zeros$/) }])
    const tree = describeTree((await bench.restore('mine')).target)
    const { '.': _, ...names } = describeTree(bench.source)
    expect(tree).toMatchObject(names)
    expect(tree['./e-name']).toContain('same as ./d-name')
  })

  /** The large file in a folder of its own, between others. */
  function plantInFolder(): string {
    const folder = join(bench.source, 'b-folder')
    mkdirSync(folder)
    renameSync(large(), join(folder, 'large'))
    writeFileSync(join(folder, 'more'), randomBytes(1000))
    return folder
  }

  test('zeros for what could not be read on are told, although it is back when they are gone on with', async () => {
    const folder = plantInFolder()
    const run = await resumable(bench)
    await failureOf(run(5))
    renameSync(folder, join(bench.folder, 'elsewhere'))
    await failureOf(run(3))
    renameSync(join(bench.folder, 'elsewhere'), folder)
    const { warningList } = await run()
    const [{ message = '' } = {}, ...others] = warningList
    expect(others).toEqual([])
    expect(message).toMatch(/^“b-folder” could not be read on .* from byte \d+ of 524288 on the backup holds zeros$/)
    const from = Number(/from byte (\d+)/.exec(message)?.[1])
    const restored = readFileSync(join((await bench.restore('mine')).target, 'b-folder/large'))
    const whole = readFileSync(join(folder, 'large'))
    expect(restored.subarray(0, from).equals(whole.subarray(0, from))).toBe(true)
    expect(restored.subarray(from).every((byte) => byte === 0)).toBe(true)
  })

  test.each<[string, (folder: string) => void, string]>([
    ['vanished', () => {}, 'it vanished (ENOENT)'],
    ['is a link now', (folder) => symlinkSync('..', folder), 'it is a symlink now'],
    ['is a file now', (folder) => writeFileSync(folder, ''), 'it is a file now'],
  ])('its folder %s: what that holds beyond is told to be missing', async (_, act, why) => {
    const folder = plantInFolder()
    const run = await resumable(bench)
    await failureOf(run(5))
    renameSync(folder, join(bench.folder, 'elsewhere'))
    act(folder)
    expect((await run()).warningList).toMatchObject([
      {
        path: 'b-folder/large',
        message: expect.stringContaining(
          `“b-folder” could not be read on after an interruption (${why}): what it holds beyond this is not in the backup`,
        ),
      },
    ])
    expect(describeTree((await bench.restore('mine')).target)['./c-next']).toBe(describeTree(bench.source)['./c-next'])
  })

  test('the source is gone: said, and nothing is listed as complete', async () => {
    const run = await resumable(bench)
    await failureOf(run(5))
    rmSync(bench.source, { recursive: true })
    expect(await failureOf(run())).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('does not exist'),
    })
  })

  test('another folder lies in its place: all of it is read anew', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => said.mockRestore())
    const run = await resumable(bench)
    await failureOf(run(5))
    renameSync(bench.source, `${bench.source}-old`)
    mkdirSync(bench.source)
    writeFileSync(join(bench.source, 'a-first'), 'other')
    await run()
    expect(describeTree((await bench.restore('mine')).target)).toEqual(describeTree(bench.source))
  })
})

describe('a journal that cannot be relied on', () => {
  const segment = () => bench.name('mine', 'segments/1/1')
  const damages: [string, (journal: MemoryJournal) => void][] = [
    [
      'a changed checkpoint',
      ({ checkpoints }) => {
        const one = checkpoints.get(2)
        if (one) one.sealed[one.sealed.length - 20] = (one.sealed[one.sealed.length - 20] ?? 0) ^ 1
      },
    ],
    ['a checkpoint missing in between', ({ checkpoints }) => void checkpoints.delete(2)],
    [
      'a checkpoint in the place of another',
      ({ checkpoints }) => {
        const one = checkpoints.get(1)
        if (one) checkpoints.set(2, { segments: 2, sealed: one.sealed })
      },
    ],
    ['a part missing', ({ parts }) => void parts.delete('segments/1/1')],
    [
      'a part with another checksum',
      ({ parts }) => {
        const part = parts.get('segments/1/1')
        if (part) parts.set('segments/1/1', { ...part, sha256: '0'.repeat(64) })
      },
    ],
    // By an older database that was put back, they may all have been deleted since.
    ['a part that is not in the bucket any more', () => void bench.store.objects.delete(segment())],
    [
      'a part that is another one there',
      () => void bench.store.objects.set(segment(), Buffer.from('of a run that this database does not know')),
    ],
  ]
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
  afterEach(() => {
    expect(console.error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('It begins anew: '))
    vi.restoreAllMocks()
  })

  test.each(damages)('%s: it begins anew', async (_, damage) => {
    plant(bench.source)
    const journal = new MemoryJournal()
    const run = await resumable(bench, journal)
    await failureOf(run(6))
    expect(journal.checkpoints.size).toBeGreaterThan(2)
    damage(journal)
    await run()
    const backup = await bench.open('mine')
    expect(backup.manifest.segments.every(({ place }) => place.attempt === 2)).toBe(true)
    expect(describeTree((await bench.restore('mine')).target)).toEqual(describeTree(bench.source))
  })

  test('one of other patterns: it begins anew', async () => {
    plant(bench.source)
    const run = await resumable(bench)
    await failureOf(run(6))
    await run(undefined, { source: folderSource(bench.source, { exclude: ['folder'] }) })
    expect((await bench.open('mine')).manifest.segments.every(({ place }) => place.attempt === 2)).toBe(true)
  })
})

test('the checkpoints say nothing to who has no key', async () => {
  writeFileSync(join(bench.source, 'a-name-that-is-a-secret'), randomBytes(3 * SEGMENT))
  const journal = new MemoryJournal()
  const run = await resumable(bench, journal)
  await run()
  expect(journal.checkpoints.size).toBeGreaterThan(2)
  for (const { sealed } of journal.checkpoints.values()) expect(Buffer.from(sealed).includes('secret')).toBe(false)
  expect(JSON.stringify([...journal.parts.values()])).not.toContain('secret')
})
