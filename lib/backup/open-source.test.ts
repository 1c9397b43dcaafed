import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { toFsPath } from '#lib/archive/byte-path.ts'
import { folderSource, Workbench } from './backup-for-tests.ts'
import { openPlace, openSource } from './open-source.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

function nameOf(path: string): string {
  const source = openSource(folderSource(path))
  source.close()
  return 'name' in source ? source.name : ''
}

test('a folder in another one’s place is another source, though it has the same number', () => {
  const folder = join(bench.source, 'disk')
  mkdirSync(folder)
  const before = nameOf(folder)
  expect(nameOf(folder)).toBe(before)
  // ext4 gives the number that it took back.
  rmdirSync(folder)
  mkdirSync(folder)
  expect(nameOf(folder)).not.toBe(before)
})

// Elsewhere no folder is held open on the way.
const holdsTheWay = existsSync('/proc/self/fd')

test.runIf(holdsTheWay)('a link above a folder that came after it was looked at is not followed', () => {
  mkdirSync(join(bench.source, 'there/folder'), { recursive: true })
  expect(nameOf(join(bench.source, 'there/folder'))).toContain('folder')
  symlinkSync('there', join(bench.source, 'link'))
  expect(() => nameOf(join(bench.source, 'link/folder'))).toThrow(/leads through a link to .*there\.$/)
})

test.runIf(holdsTheWay)('nor one above a file, also when it comes after the file was opened', () => {
  const parent = join(bench.source, 'parent')
  for (const folder of [parent, `${parent}-other`]) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), folder)
  }
  const path = join(parent, 'file')
  const opened = openPlace({ kind: 'file', path })
  renameSync(parent, `${parent}-moved`)
  symlinkSync(`${parent}-other`, parent)
  const found = [...opened.all()].map((one) => ({
    path: one.path,
    content: 'at' in one ? readFileSync(toFsPath(one.at), 'utf8') : undefined,
  }))
  opened.close()
  expect(found).toEqual([{ path: 'file', content: parent }])
  expect(() => openPlace({ kind: 'file', path })).toThrow(/leads through a link to .*parent-other\.$/)
})
