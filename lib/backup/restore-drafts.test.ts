import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { toBytePath } from '#lib/archive/byte-path.ts'
import { removeTree } from '#lib/archive/remove-tree.ts'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, SEGMENT } from './backup-for-tests.ts'
import { asRoot, DraftBench, files, id, inOrder, others, takesOver } from './draft-bench-for-tests.ts'
import type { RestoreProgress } from './progress.ts'
import { earlierDrafts, identityOf, removeDrafts } from './restore-drafts.ts'

let bench: DraftBench
beforeEach(() => {
  bench = new DraftBench()
})
// Also where its owner may not delete.
afterEach(() => {
  vi.restoreAllMocks()
  removeTree(toBytePath(bench.folder))
})

/** What it says of every entry, however quick it is. */
function everyProgress() {
  let at = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (at += 1000))
  const told: RestoreProgress[] = []
  return { told, onProgress: (progress: RestoreProgress) => void told.push(progress) }
}
const sizesOf = (names: readonly string[]) =>
  names.reduce((sum, name) => sum + lstatSync(join(bench.draft(2), name)).size, 0)

describe.runIf(takesOver)('a further attempt', () => {
  test('takes over what was finished, and fetches only the rest', async () => {
    await bench.backUpSix()
    expect(await failureOf(bench.attempt(1, 7))).toMatchObject({ code: 'unreachable' })
    const whole = bench.wholeIn(1)
    expect(whole).toEqual(['a', 'closed/b', 'closed/c'])
    const inodes = whole.map((name) => lstatSync(join(bench.draft(1), name)).ino)
    const { told, onProgress } = everyProgress()
    const result = await bench.attempt(2, undefined, { onProgress })
    expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(others(whole)))
    expect(told.at(-1)).toMatchObject({ bytesWritten: result.bytes, bytesTaken: sizesOf(whole) })
    expect(whole.map((name) => lstatSync(join(bench.draft(2), name)).ino)).toEqual(inodes)
    await bench.expectRestored(2, result)
  })

  test('after many, each interrupted at any moment: none fetches what the ones before it finished', async () => {
    await bench.backUpSix()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(13), { minLength: 1, maxLength: 8 }), async (cuts) => {
        await removeDrafts({ id, target: bench.target })
        const whole = new Set<string>()
        for (const [index, cut] of cuts.entries()) {
          const known = identityOf(bench.draft(index))
          await bench
            .attempt(index + 1, cut, { known })
            .catch((error) => expect(error).toMatchObject({ code: 'unreachable' }))
          const needed = await bench.segmentsOf(others([...whole]))
          // Of more than five drafts the oldest goes, and may have had something.
          if (index < 5) expect(bench.fetched.filter((segment) => !needed.includes(segment))).toEqual([])
          for (const name of bench.wholeIn(index + 1)) whole.add(name)
        }
        const last = cuts.length + 1
        const result = await bench.attempt(last, undefined, { known: identityOf(bench.draft(last - 1)) })
        await bench.expectRestored(last, result)
        await removeTree(toBytePath(bench.target))
      }),
      { numRuns: 8 },
    )
  })

  const changes: [string, (file: string) => void][] = [
    ['another size', (file) => truncateSync(file, SEGMENT)],
    ['another time', (file) => utimesSync(file, 1, 1)],
    ['another mode', (file) => chmodSync(file, 0o666)],
    ['another owner', (file) => chownSync(file, 12_345, 54_321)],
    ['no name', (file) => rmSync(file)],
    ['a folder in its place', (file) => rmSync(file) ?? mkdirSync(file)],
    ['a link in its place', (file) => rmSync(file) ?? symlinkSync(bench.at('a'), file)],
  ]
  test.each(changes.filter(([what]) => asRoot || what !== 'another owner'))(
    'fetches a file again that has %s',
    async (_, change) => {
      await bench.backUpSix()
      await failureOf(bench.attempt(1, 7))
      change(join(bench.draft(1), 'a'))
      const before = describeTree(bench.source)
      const result = await bench.attempt(2)
      expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(others(['closed/b', 'closed/c'])))
      expect(describeTree(bench.source)).toEqual(before)
      await bench.expectRestored(2, result)
    },
  )

  test('follows no link that was put in the place of a folder', async () => {
    await bench.backUpSix()
    await failureOf(bench.attempt(1, 7))
    const elsewhere = join(bench.folder, 'elsewhere')
    chmodSync(join(bench.draft(1), 'closed'), 0o700)
    renameSync(join(bench.draft(1), 'closed'), elsewhere)
    symlinkSync(elsewhere, join(bench.draft(1), 'closed'))
    const result = await bench.attempt(2)
    expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(others(['a'])))
    expect(readdirSync(elsewhere).sort()).toEqual(['b', 'c'])
    rmSync(elsewhere, { recursive: true })
    await bench.expectRestored(2, result)
  })

  test('finds out late that a file vanished: it is fetched then', async () => {
    await bench.backUpSix()
    await failureOf(bench.attempt(1, 7))
    // Looking is ahead of taking, so the list knows the file when the first entry is written.
    const { told, ...every } = everyProgress()
    const onProgress = (progress: RestoreProgress) => {
      rmSync(join(bench.draft(1), 'closed/b'), { force: true })
      every.onProgress(progress)
    }
    const result = await bench.attempt(2, undefined, { onProgress })
    expect(told.at(-1)?.bytesTaken).toBe(sizesOf(['a', 'closed/c']))
    expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(others(['a', 'closed/c'])))
    await bench.expectRestored(2, result)
  })

  test('of a part: a hard link that is restored as a file in its first’s stead is taken over, too', async () => {
    await bench.backUpSix()
    const paths = ['a', 'open', 'z']
    await failureOf(bench.attempt(1, 12, { paths }))
    expect(existsSync(join(bench.draft(1), 'open/hard'))).toBe(true)
    expect(bench.wholeIn(1)).toEqual(['a', 'open/d', 'open/inner/e'])
    const result = await bench.attempt(2, undefined, { paths })
    expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(['z']))
    expect(result).toMatchObject({ files: 5, links: 1, warnings: 0 })
    for (const name of ['a', 'open/d', 'open/hard', 'open/inner/e', 'z'])
      expect(readFileSync(join(bench.draft(2), name)).equals(readFileSync(bench.at(name))), name).toBe(true)
  })

  test('removes what a killed one was writing, which may be as large as all that is still to come', async () => {
    await bench.backUpSix()
    await failureOf(bench.attempt(1, 7))
    const left = join(bench.draft(1), '.vault-restore-0123456789ab')
    writeFileSync(left, randomBytes(1000))
    const finished = await earlierDrafts({ id, target: bench.target, attempt: 2 }, undefined)
    expect(existsSync(left)).toBe(false)
    finished?.close()
  })

  test('leaves alone the draft of whoever has taken it over', async () => {
    await bench.backUpSix()
    await failureOf(bench.attempt(1, 7))
    mkdirSync(bench.draft(3))
    const finished = await earlierDrafts({ id, target: bench.target, attempt: 2 }, undefined)
    finished?.close()
    expect(existsSync(bench.draft(3))).toBe(true)
  })

  test('warns of set-user-ID bits that only root restores, also for what it takes over', async () => {
    const getuid = process.getuid
    await bench.backUpSix(0o755, true)
    process.getuid = () => 1000
    try {
      await failureOf(bench.attempt(1, 7))
      const { warningList } = await bench.attempt(2)
      expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(others(['a', 'closed/b', 'closed/c'])))
      expect(warningList).toEqual([{ path: 'closed/c', message: expect.stringContaining('set-user-ID') }])
    } finally {
      process.getuid = getuid
    }
    expect(lstatSync(join(bench.draft(2), 'closed/c')).mode & 0o7777).toBe(0o711)
  })
})

describe('a draft is not used, and goes,', () => {
  const begin = async () => {
    await bench.backUpSix()
    await failureOf(bench.attempt(1, 7))
  }
  const notUsed = async () => {
    const result = await bench.attempt(2)
    expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(files))
    expect(readdirSync(bench.folder).filter((name) => name.startsWith('.restoring'))).toHaveLength(1)
    await bench.expectRestored(2, result)
  }

  test('when the machine was started anew since, or nobody can tell', async () => {
    await begin()
    renameSync(bench.draft(1), bench.draft(1).replace(/[0-9a-f]{16}$/, '0123456789abcdef'))
    const plain = join(bench.folder, `.restoring-${id}-1`)
    mkdirSync(plain)
    await notUsed()
    expect(existsSync(plain)).toBe(false)
  })

  test.each([0o770, 0o707, 0o755])('when others may have reached it (mode %o)', async (mode) => {
    await begin()
    chmodSync(bench.draft(1), mode)
    await notUsed()
  })

  test.runIf(asRoot)('when it is somebody else’s', async () => {
    await begin()
    chownSync(bench.draft(1), 12_345, 54_321)
    await notUsed()
  })

  test('when it is a link; what it leads to stays', async () => {
    await begin()
    const elsewhere = join(bench.folder, 'elsewhere')
    renameSync(bench.draft(1), elsewhere)
    symlinkSync(elsewhere, bench.draft(1))
    const before = describeTree(elsewhere)
    await bench.attempt(2)
    expect(inOrder(bench.fetched)).toEqual(await bench.segmentsOf(files))
    expect(describeTree(elsewhere)).toEqual(before)
    expect(lstatSync(bench.draft(1), { throwIfNoEntry: false })).toBeUndefined()
  })
})

test.runIf(takesOver)(
  'a draft that got its own owner and mode at the end is used when the database knows it',
  async () => {
    if (asRoot) chownSync(bench.source, 12_345, 54_321)
    await bench.backUpSix(0o1777)
    await bench.attempt(1)
    const result = await bench.attempt(2, undefined, { known: identityOf(bench.draft(1)) })
    expect(bench.fetched).toEqual([])
    // From then on it is nobody else’s again.
    expect(lstatSync(bench.draft(1))).toMatchObject({ uid: process.getuid?.(), mode: 0o040700 })
    await bench.expectRestored(2, result)
  },
)

test.runIf(takesOver)('room for what is there already is not asked for again', async () => {
  await bench.backUpSix()
  await failureOf(bench.attempt(1, 7))
  const backup = await bench.open('mine')
  const { manifest } = backup
  const huge = { ...backup, manifest: { ...manifest, totals: { ...manifest.totals, bytes: 2 ** 60 } } }
  expect(await failureOf(bench.attempt(2, undefined, { backup: huge, finished: undefined }))).toMatchObject({
    code: 'denied',
    message: expect.stringMatching(
      /^The disk of [^ ]*target-1 has [\d.,]+ [KMGTP]iB free; this backup needs 1,024 PiB\.$/,
    ),
  })
  // It was restored, and then found to be less than was announced.
  expect(await failureOf(bench.attempt(3, undefined, { backup: huge }))).toMatchObject({ code: 'integrity' })
})

test.runIf(asRoot)(
  'a draft that somebody else has made beforehand is taken from them before anything is in it',
  async () => {
    await bench.backUpSix()
    mkdirSync(bench.draft(1))
    chmodSync(bench.draft(1), 0o777)
    chownSync(bench.draft(1), 12_345, 54_321)
    await failureOf(bench.attempt(1, 7))
    expect(lstatSync(bench.draft(1))).toMatchObject({ uid: 0, gid: 0, mode: 0o040700 })
    expect(bench.wholeIn(1).length).toBeGreaterThan(0)
  },
)
