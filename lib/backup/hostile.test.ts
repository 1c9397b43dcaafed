// Backups made by somebody who holds the key and means harm: everything in them is authentic.

import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { toBytePath } from '#lib/archive/byte-path.ts'
import { type Entry, encodeEntry } from '#lib/archive/entry.ts'
import { END_OF_TAR, encodeTarHeader } from '#lib/archive/tar-header.ts'
import { failureOf, identityOf, Workbench } from './backup-for-tests.ts'
import { encryptedCodec } from './codec.ts'
import { manifestContext } from './encryption-context.ts'
import { createEnvelope } from './envelope.ts'
import { type BackupTotals, encodeManifest, type Part } from './manifest.ts'
import { patient } from './patience.ts'
import { restoreBackup } from './restore-backup.ts'
import { verifyBackup } from './verify-backup.ts'
import { PartWriter } from './write-parts.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

const CONTENT = 'content of a file'
const at = { uid: 0, gid: 0, mode: 0o755, mtimeNs: 0n, offset: 0, data: 0, size: 0 }
const root: Entry = { ...at, type: 'folder', path: '.', data: 512 }
const file: Entry = { ...at, type: 'file', path: 'file', size: CONTENT.length, offset: 512, data: 1024 }
const link: Entry = { ...at, type: 'symlink', path: 'a-way', target: '/tmp', offset: 512, data: 1024 }
const hard: Entry = { ...link, type: 'hardlink', path: 'hard' }
const honest: BackupTotals = { files: 1, folders: 1, links: 0, bytes: CONTENT.length, warnings: 0 }

interface Forgery {
  readonly lines?: readonly string[]
  readonly totals?: Partial<BackupTotals>
  readonly tar?: Buffer
  readonly changePart?: (part: Part) => Part
  readonly changeManifest?: (text: string) => string
}

async function forge({ lines, totals, tar, changePart, changeManifest }: Forgery): Promise<void> {
  const identity = identityOf('forged')
  const { backupKey, envelope } = await createEnvelope([bench.key], identity)
  const codec = encryptedCodec(backupKey, 'forged')
  const writer = new PartWriter({
    store: bench.store,
    codec,
    identity,
    inFlight: 1,
    patience: patient,
    earlier: [],
    signal: undefined,
  })
  await bench.store.create(bench.name('forged', 'envelope.json'), envelope.bytes)
  const header = (entry: Entry) => Buffer.from(encodeTarHeader(entry))
  const padded = Buffer.alloc(512)
  padded.write(CONTENT)
  const content = tar ?? Buffer.concat([header(root), header(file), padded, END_OF_TAR])
  const listed = lines ?? [root, file].map(encodeEntry)
  await writer.add({ kind: 'segment', attempt: 1, index: 0 }, content)
  await writer.add({ kind: 'entries', attempt: 1, index: 0 }, Buffer.from(listed.map((line) => `${line}\n`).join('')))
  await writer.settle()
  const parts = writer.parts.map(changePart ?? ((part) => part))
  const manifest = {
    createdAt: '2026-01-31T12:00:00.000Z',
    segments: parts.filter((part) => part.place.kind === 'segment'),
    entries: parts.filter((part) => part.place.kind === 'entries'),
    totals: { ...honest, ...totals },
  }
  const text = encodeManifest(manifest, identity).toString()
  const object = await codec.seal(Buffer.from(changeManifest?.(text) ?? text), manifestContext(identity))
  await bench.store.create(bench.name('forged', 'manifest'), object)
}

async function restoring(): Promise<unknown> {
  const target = bench.newTarget()
  const error = await failureOf(bench.open('forged').then((backup) => restoreBackup({ backup, target })))
  if (existsSync(target)) expect(readdirSync(target).filter((name) => !['file', 'a-way'].includes(name))).toEqual([])
  return error
}

const verifying = () =>
  verifyBackup({
    store: bench.store,
    identity: identityOf('forged'),
    protection: { method: 'keys', keys: [bench.key] },
    depth: 'full',
  })

test('the forgery is good: an honest one is restored', async () => {
  await forge({})
  expect(await verifying()).toMatchObject({ problems: [] })
  expect((await bench.restore('forged')).result).toMatchObject({ files: 1, bytes: CONTENT.length })
})

test('a name longer than this disk takes is no forgery: that is said, and all else can be had', async () => {
  const named = { ...file, path: toBytePath('ü'.repeat(255)), size: 0, offset: 1536 }
  const header = (entry: Entry) => Buffer.from(encodeTarHeader(entry))
  const long = { ...named, data: named.offset + header(named).length }
  const content = Buffer.alloc(512)
  content.write(CONTENT)
  const tar = Buffer.concat([header(root), header(file), content, header(long), END_OF_TAR])
  await forge({ lines: [root, file, long].map(encodeEntry), totals: { files: 2 }, tar })
  expect(await verifying()).toMatchObject({ problems: [] })
  const backup = await bench.open('forged')
  expect(await failureOf(restoreBackup({ backup, target: bench.newTarget() }))).toMatchObject({
    code: 'denied',
    message: expect.stringContaining('ENAMETOOLONG'),
  })
  const target = bench.newTarget()
  const rest = await restoreBackup({ backup, target, paths: [`!${'ü'.repeat(255)}`] })
  expect(rest).toMatchObject({ files: 1, warnings: 0 })
  expect(readdirSync(target)).toEqual(['file'])
})

const device = encodeEntry(file)
  .replace('"type":"file"', '"type":"device"')
  .replace('"path":"file"', '"path":"dev/sda"')
test.each<[string, Forgery, RegExp]>([
  ['a device file', { lines: [encodeEntry(root), device] }, /"dev\/sda" is of the unknown type "device"/],
  ['a path that leads out', { lines: [root, { ...file, path: '../out' }].map(encodeEntry) }, /"\.\.\/out"/],
  ['an absolute path', { lines: [root, { ...file, path: '/etc/passwd' }].map(encodeEntry) }, /"\/etc\/passwd"/],
  [
    'a file through a link of its own',
    { lines: [root, link, { ...file, path: 'a-way/evil' }].map(encodeEntry), totals: { links: 1 } },
    /"a-way\/evil", which comes before the folder/,
  ],
  [
    'a hard link out of the tree',
    { lines: [root, { ...hard, target: '../../etc/passwd' }].map(encodeEntry), totals: { links: 1 } },
    /"\.\.\/\.\.\/etc\/passwd"/,
  ],
  [
    'a hard link through a link',
    { lines: [root, link, { ...hard, target: 'a-way/x' }].map(encodeEntry), totals: { links: 2 } },
    /"hard", which is a hard link to what is no file/,
  ],
  ['content where there is none', { lines: [root, { ...file, data: 10_000 }].map(encodeEntry) }, /holds none/],
  ['content beyond the end', { lines: [root, { ...file, data: 2550 }].map(encodeEntry) }, /holds none/],
  ['more bytes than announced', { totals: { bytes: CONTENT.length - 1 } }, /other than its manifest announces/],
  ['more files than announced', { totals: { files: 0 } }, /other than its manifest announces/],
  ['fewer files than announced', { totals: { files: 2 } }, /other than its manifest announces/],
  ['more bytes than the disk has', { totals: { bytes: 2 ** 52 } }, / free; this backup needs 4\.0 PiB/],
  ['a bomb in a part', { changePart: (part) => ({ ...part, length: 10 }) }, /Entry list 0 .* at most 10 bytes/],
  ['a part that is shorter than said', { changePart: (part) => ({ ...part, length: part.length + 1 }) }, /instead of/],
  [
    'a part larger than any',
    { changePart: (part) => ({ ...part, length: 2 ** 40 }) },
    /manifest .* not as this format/,
  ],
  [
    'a name of another object',
    { changeManifest: (text) => text.replace('segments/1/0', '../other/segments/1/0') },
    /out of place/,
  ],
  [
    'a part that comes twice',
    { changeManifest: (text) => text.replace(/(\{"type":"part".*\n)/, '$1$1') },
    /out of place/,
  ],
  ['a manifest without its end', { changeManifest: (text) => text.replace(/\{"type":"end".*\n/, '') }, /not whole/],
  ['a manifest with more after its end', { changeManifest: (text) => `${text}{}\n` }, /not whole/],
  [
    'a manifest of another format',
    { changeManifest: (text) => text.replace('"format":1', '"format":2') },
    /as this format/,
  ],
])('%s is refused', async (_, forgery, words) => {
  await forge(forgery)
  expect(await restoring()).toMatchObject({ message: expect.stringMatching(words) })
  const { problemCount } = await verifying()
  if (!/ free;/.test(words.source)) expect(problemCount).toBeGreaterThan(0)
})
