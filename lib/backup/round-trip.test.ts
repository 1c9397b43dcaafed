import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { toBytePath } from '#lib/archive/byte-path.ts'
import { removeTree } from '#lib/archive/remove-tree.ts'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import { openBackup } from './open-backup.ts'
import { restoreBackup } from './restore-backup.ts'
import { TestKey } from './test-keys.ts'
import { writeBackup } from './write-backup.ts'

const SEGMENT = 64 * 1024
const identity = { installation: 'inst-1', environment: 'env-1', backup: 'backup-1', prefix: 'some/prefix' }

let folder: string
let source: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'round-trip-')))
  source = join(folder, 'source')
  mkdirSync(source)
})
afterEach(() => removeTree(toBytePath(folder)))

test('a varied tree comes back the same, under several keys and with one call to each', async () => {
  for (const size of [0, 1, 511, 512, 513, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 17])
    writeFileSync(join(source, `random-${size}`), randomBytes(size))
  writeFileSync(join(source, 'text'), 'All work and no play. '.repeat(50_000))
  mkdirSync(join(source, 'empty'))
  mkdirSync(join(source, 'a/b/c'), { recursive: true })
  writeFileSync(join(source, 'a/b/c/größe 🌲'), 'tree')
  writeFileSync(join(source, 'a', 'n'.repeat(255)), 'long')
  writeFileSync(Buffer.concat([Buffer.from(join(source, 'a/')), Buffer.from([0x66, 0xff, 0xfe])]), 'not UTF-8')
  writeFileSync(Buffer.concat([Buffer.from(join(source, 'a/')), Buffer.alloc(200, 0xe9)]), 'long and not UTF-8')
  writeFileSync(join(source, 'new\nline'), 'control')
  symlinkSync('a/b', join(source, 'link'))
  symlinkSync('/nowhere/at/all', join(source, 'dangling'))
  symlinkSync(`${'d'.repeat(120)}/é`, join(source, 'long-link'))
  linkSync(join(source, 'text'), join(source, 'z-hard-link'))
  lutimesSync(join(source, 'link'), 1_000_000_000.5, 1_000_000_000.5)
  // Only root restores set-ID bits, and reads what nobody may.
  const isRoot = process.getuid?.() === 0
  chmodSync(join(source, 'random-1'), isRoot ? 0o4751 : 0o751)
  chmodSync(join(source, 'random-512'), isRoot ? 0o000 : 0o400)
  utimesSync(join(source, 'random-513'), -5.25, -5.25)
  utimesSync(join(source, 'random-511'), 4_500_000_000, 4_500_000_000)
  chmodSync(join(source, 'a/b/c'), 0o555)
  utimesSync(join(source, 'a/b'), 1_111_111_111, 1_111_111_111)

  const store = new MemoryStore()
  const keys = [new TestKey('one'), new TestKey('two')]
  const result = await writeBackup({
    store,
    protection: { method: 'keys', keys },
    identity,
    source: { kind: 'folder', path: source, include: [], exclude: [] },
    attempt: 1,
    segmentSize: SEGMENT,
  })
  expect(result.warningList).toEqual([])
  expect(keys.map((key) => key.calls)).toEqual([
    { wrap: 1, unwrap: 0 },
    { wrap: 1, unwrap: 0 },
  ])
  for (const key of keys) {
    const backup = await openBackup({ store, protection: { method: 'keys', keys: [key] }, identity })
    const target = join(folder, `restored-${keys.indexOf(key)}`)
    await restoreBackup({ backup, target })
    expect(describeTree(target)).toEqual(describeTree(source))
    expect(key.calls.unwrap).toBe(1)
  }
})
