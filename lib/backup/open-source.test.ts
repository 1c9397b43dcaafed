import { mkdirSync, rmdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folderSource, Workbench } from './backup-for-tests.ts'
import { openSource } from './open-source.ts'

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

test('a link above a folder that came after it was looked at is not followed', () => {
  mkdirSync(join(bench.source, 'there/folder'), { recursive: true })
  expect(nameOf(join(bench.source, 'there/folder'))).toContain('folder')
  symlinkSync('there', join(bench.source, 'link'))
  expect(() => nameOf(join(bench.source, 'link/folder'))).toThrow(/is not a folder/)
})
