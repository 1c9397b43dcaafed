import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toBytePath } from '#lib/archive/byte-path.ts'
import { removeTree } from '#lib/archive/remove-tree.ts'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import { type RestoreOptions, type RestoreResult, restoreBackup } from './restore-backup.ts'
import { draftOf, earlierDrafts, identityOf, removeDrafts } from './restore-drafts.ts'

// Systems that do not tell their starts apart take nothing over.
const takesOver = existsSync('/proc/sys/kernel/random/boot_id')
const asRoot = process.getuid?.() === 0
const id = '01890000-0000-7000-8000-000000000001'

let bench: Workbench
let target: string
let fetched: number[]
beforeEach(() => {
  bench = new Workbench()
  target = bench.newTarget()
  fetched = []
})
// Also where its owner may not delete.
afterEach(() => removeTree(toBytePath(bench.folder)))

const source = (name: string) => join(bench.source, name)
const files = ['a', 'closed/b', 'closed/c', 'open/d', 'open/inner/e', 'z']
const draft = (attempt: number) => draftOf({ id, target, attempt })
/** Six files of two segments each, and something of everything else. */
async function backUpSix(mode = 0o755, setId = asRoot): Promise<void> {
  mkdirSync(source('closed'))
  mkdirSync(source('open/inner'), { recursive: true })
  for (const name of files) writeFileSync(source(name), randomBytes(2 * SEGMENT))
  writeFileSync(source('empty'), '')
  linkSync(source('closed/b'), source('open/hard'))
  symlinkSync('closed', source('open/soft'))
  chmodSync(source('closed/c'), setId ? 0o4711 : 0o711)
  chmodSync(source('closed'), 0o555)
  chmodSync(bench.source, mode)
  await bench.backUp('mine')
}

/** The segments that hold files. */
async function segmentsOf(names: readonly string[]): Promise<number[]> {
  const backup = await bench.open('mine')
  const index = new EntryIndex(backup)
  const segments = new Set<number>()
  for (const name of names) {
    const entry = await index.find(name)
    if (entry?.type !== 'file') throw new Error(`${name} is no file`)
    let start = 0
    for (const { length, place } of backup.manifest.segments) {
      if (start < entry.data + entry.size && entry.data < start + length) segments.add(place.index)
      start += length
    }
  }
  return inOrder([...segments])
}
const wholeIn = (attempt: number) => files.filter((name) => existsSync(join(draft(attempt), name)))
const others = (names: readonly string[]) => files.filter((name) => !names.includes(name))
const inOrder = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)

/** An attempt whose connection is lost after so many segments. */
async function attempt(
  number: number,
  segments = Number.POSITIVE_INFINITY,
  { known, ...options }: Partial<RestoreOptions> & { known?: string | undefined } = {},
): Promise<RestoreResult> {
  const finished = await earlierDrafts({ id, target, attempt: number }, known)
  const backup = await bench.open('mine')
  let left = segments
  fetched = []
  const store = Object.assign(Object.create(bench.store), {
    async read(key: string, max: number) {
      const segment = /\/segments\/\d+\/(\d+)$/.exec(key)?.[1]
      if (segment !== undefined) {
        if (left === 0) throw new AppError('unreachable', 'The bucket does not answer.')
        left -= 1
        fetched.push(Number(segment))
      }
      return bench.store.read(key, max)
    },
  })
  try {
    return await restoreBackup({
      backup: { ...backup, store },
      target,
      draft: draft(number),
      finished,
      ...options,
    })
  } finally {
    finished?.close()
  }
}

/** The draft of the last attempt is the source, and removing leaves nothing beside it. */
async function expectRestored(number: number, counts: Partial<RestoreResult> = {}): Promise<void> {
  const truth = describeTree(bench.source)
  renameSync(draft(number), target)
  expect(describeTree(target)).toEqual(truth)
  expect(counts).toMatchObject({ files: 7, links: 2, bytes: 12 * SEGMENT, warnings: 0 })
  await removeDrafts({ id, target })
  expect(readdirSync(bench.folder).sort()).toEqual(['source', 'target-1'])
}

describe.runIf(takesOver)('a further attempt', () => {
  test('takes over what was finished, and fetches only the rest', async () => {
    await backUpSix()
    expect(await failureOf(attempt(1, 7))).toMatchObject({ code: 'unreachable' })
    const whole = wholeIn(1)
    expect(whole).toEqual(['a', 'closed/b', 'closed/c'])
    const inodes = whole.map((name) => lstatSync(join(draft(1), name)).ino)
    const result = await attempt(2)
    expect(inOrder(fetched)).toEqual(await segmentsOf(others(whole)))
    expect(whole.map((name) => lstatSync(join(draft(2), name)).ino)).toEqual(inodes)
    await expectRestored(2, result)
  })

  test('after many, each interrupted at any moment: none fetches what the ones before it finished', async () => {
    await backUpSix()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(13), { minLength: 1, maxLength: 8 }), async (cuts) => {
        await removeDrafts({ id, target })
        const whole = new Set<string>()
        for (const [index, cut] of cuts.entries()) {
          const known = identityOf(draft(index))
          await attempt(index + 1, cut, { known }).catch((error) =>
            expect(error).toMatchObject({ code: 'unreachable' }),
          )
          const needed = await segmentsOf(others([...whole]))
          // Of more than five drafts the oldest goes, and may have had something.
          if (index < 5) expect(fetched.filter((segment) => !needed.includes(segment))).toEqual([])
          for (const name of wholeIn(index + 1)) whole.add(name)
        }
        const last = cuts.length + 1
        const result = await attempt(last, undefined, { known: identityOf(draft(last - 1)) })
        await expectRestored(last, result)
        await removeTree(toBytePath(target))
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
    ['a link in its place', (file) => rmSync(file) ?? symlinkSync(source('a'), file)],
  ]
  test.each(changes.filter(([what]) => asRoot || what !== 'another owner'))(
    'fetches a file again that has %s',
    async (_, change) => {
      await backUpSix()
      await failureOf(attempt(1, 7))
      change(join(draft(1), 'a'))
      const before = describeTree(bench.source)
      const result = await attempt(2)
      expect(inOrder(fetched)).toEqual(await segmentsOf(others(['closed/b', 'closed/c'])))
      expect(describeTree(bench.source)).toEqual(before)
      await expectRestored(2, result)
    },
  )

  test('follows no link that was put in the place of a folder', async () => {
    await backUpSix()
    await failureOf(attempt(1, 7))
    const elsewhere = join(bench.folder, 'elsewhere')
    chmodSync(join(draft(1), 'closed'), 0o700)
    renameSync(join(draft(1), 'closed'), elsewhere)
    symlinkSync(elsewhere, join(draft(1), 'closed'))
    const result = await attempt(2)
    expect(inOrder(fetched)).toEqual(await segmentsOf(others(['a'])))
    expect(readdirSync(elsewhere).sort()).toEqual(['b', 'c'])
    rmSync(elsewhere, { recursive: true })
    await expectRestored(2, result)
  })

  test('finds out late that a file vanished: it is fetched then', async () => {
    await backUpSix()
    await failureOf(attempt(1, 7))
    // Looking is ahead of taking, so the list knows the file when the first entry is written.
    const onProgress = () => rmSync(join(draft(1), 'closed/b'), { force: true })
    const result = await attempt(2, undefined, { onProgress })
    expect(inOrder(fetched)).toEqual(await segmentsOf(others(['a', 'closed/c'])))
    await expectRestored(2, result)
  })

  test('of a part: a hard link that is restored as a file in its first’s stead is taken over, too', async () => {
    await backUpSix()
    const paths = ['a', 'open', 'z']
    await failureOf(attempt(1, 12, { paths }))
    expect(existsSync(join(draft(1), 'open/hard'))).toBe(true)
    expect(wholeIn(1)).toEqual(['a', 'open/d', 'open/inner/e'])
    const result = await attempt(2, undefined, { paths })
    expect(inOrder(fetched)).toEqual(await segmentsOf(['z']))
    expect(result).toMatchObject({ files: 5, links: 1, warnings: 0 })
    for (const name of ['a', 'open/d', 'open/hard', 'open/inner/e', 'z'])
      expect(readFileSync(join(draft(2), name)).equals(readFileSync(source(name))), name).toBe(true)
  })

  test('removes what a killed one was writing, which may be as large as all that is still to come', async () => {
    await backUpSix()
    await failureOf(attempt(1, 7))
    const left = join(draft(1), '.vault-restore-0123456789ab')
    writeFileSync(left, randomBytes(1000))
    const finished = await earlierDrafts({ id, target, attempt: 2 }, undefined)
    expect(existsSync(left)).toBe(false)
    finished?.close()
  })

  test('leaves alone the draft of whoever has taken it over', async () => {
    await backUpSix()
    await failureOf(attempt(1, 7))
    mkdirSync(draft(3))
    const finished = await earlierDrafts({ id, target, attempt: 2 }, undefined)
    finished?.close()
    expect(existsSync(draft(3))).toBe(true)
  })

  test('warns of set-user-ID bits that only root restores, also for what it takes over', async () => {
    const getuid = process.getuid
    await backUpSix(0o755, true)
    process.getuid = () => 1000
    try {
      await failureOf(attempt(1, 7))
      const { warningList } = await attempt(2)
      expect(inOrder(fetched)).toEqual(await segmentsOf(others(['a', 'closed/b', 'closed/c'])))
      expect(warningList).toEqual([{ path: 'closed/c', message: expect.stringContaining('set-user-ID') }])
    } finally {
      process.getuid = getuid
    }
    expect(lstatSync(join(draft(2), 'closed/c')).mode & 0o7777).toBe(0o711)
  })
})

describe('a draft is not used, and goes,', () => {
  const begin = async () => {
    await backUpSix()
    await failureOf(attempt(1, 7))
  }
  const notUsed = async () => {
    const result = await attempt(2)
    expect(inOrder(fetched)).toEqual(await segmentsOf(files))
    expect(readdirSync(bench.folder).filter((name) => name.startsWith('.restoring'))).toHaveLength(1)
    await expectRestored(2, result)
  }

  test('when the machine was started anew since, or nobody can tell', async () => {
    await begin()
    renameSync(draft(1), draft(1).replace(/[0-9a-f]{16}$/, '0123456789abcdef'))
    const plain = join(bench.folder, `.restoring-${id}-1`)
    mkdirSync(plain)
    await notUsed()
    expect(existsSync(plain)).toBe(false)
  })

  test.each([0o770, 0o707, 0o755])('when others may have reached it (mode %o)', async (mode) => {
    await begin()
    chmodSync(draft(1), mode)
    await notUsed()
  })

  test.runIf(asRoot)('when it is somebody else’s', async () => {
    await begin()
    chownSync(draft(1), 12_345, 54_321)
    await notUsed()
  })

  test('when it is a link; what it leads to stays', async () => {
    await begin()
    const elsewhere = join(bench.folder, 'elsewhere')
    renameSync(draft(1), elsewhere)
    symlinkSync(elsewhere, draft(1))
    const before = describeTree(elsewhere)
    await attempt(2)
    expect(inOrder(fetched)).toEqual(await segmentsOf(files))
    expect(describeTree(elsewhere)).toEqual(before)
    expect(lstatSync(draft(1), { throwIfNoEntry: false })).toBeUndefined()
  })
})

test.runIf(takesOver)(
  'a draft that got its own owner and mode at the end is used when the database knows it',
  async () => {
    if (asRoot) chownSync(bench.source, 12_345, 54_321)
    await backUpSix(0o1777)
    await attempt(1)
    const result = await attempt(2, undefined, { known: identityOf(draft(1)) })
    expect(fetched).toEqual([])
    // From then on it is nobody else’s again.
    expect(lstatSync(draft(1))).toMatchObject({ uid: process.getuid?.(), mode: 0o040700 })
    await expectRestored(2, result)
  },
)

test.runIf(takesOver)('room for what is there already is not asked for again', async () => {
  await backUpSix()
  await failureOf(attempt(1, 7))
  const backup = await bench.open('mine')
  const { manifest } = backup
  const huge = { ...backup, manifest: { ...manifest, totals: { ...manifest.totals, bytes: 2 ** 60 } } }
  expect(await failureOf(attempt(2, undefined, { backup: huge, finished: undefined }))).toMatchObject({
    code: 'denied',
    message: expect.stringMatching(
      /^The disk of [^ ]*target-1 has [\d.,]+ [KMGTP]iB free; this backup needs 1,024 PiB\.$/,
    ),
  })
  // It was restored, and then found to be less than was announced.
  expect(await failureOf(attempt(3, undefined, { backup: huge }))).toMatchObject({ code: 'integrity' })
})
