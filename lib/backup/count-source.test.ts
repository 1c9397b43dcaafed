import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countSource, sizeOf } from './count-source.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'vault-count-')))
})
afterEach(() => rmSync(folder, { recursive: true }))
const never = new AbortController().signal

test('files and their bytes, and neither folders nor links', async () => {
  expect(await countSource(folder, never)).toEqual({ files: 0, bytes: 0 })
  mkdirSync(path.join(folder, 'a', 'b'), { recursive: true })
  writeFileSync(path.join(folder, 'a', 'b', 'ten'), '0123456789')
  writeFileSync(path.join(folder, 'empty'), '')
  truncateSync(path.join(folder, 'empty'), 3_000_000)
  symlinkSync('/', path.join(folder, 'link'))
  symlinkSync(folder, path.join(folder, 'loop'))
  expect(await countSource(folder, never)).toEqual({ files: 2, bytes: 3_000_010 })
  linkSync(path.join(folder, 'a', 'b', 'ten'), path.join(folder, 'again'))
  expect((await countSource(folder, never)).bytes).toBeGreaterThanOrEqual(3_000_010)
})

test('lets others have their turn, and stops in the middle when it is told to', async () => {
  for (let index = 0; index < 600; index += 1) writeFileSync(path.join(folder, String(index)), 'x')
  const stop = new AbortController()
  const counting = countSource(folder, stop.signal)
  const reason = new Error('enough')
  stop.abort(reason)
  await expect(counting).rejects.toBe(reason)
})

test('a folder that is not there', async () => {
  await expect(countSource(path.join(folder, 'missing'), never)).rejects.toThrow('ENOENT')
})

test('a file and a stream of known length have a total; a disk, an empty file and an endless stream have none', async () => {
  const file = path.join(folder, 'dump.sql')
  writeFileSync(file, '')
  expect(await sizeOf({ kind: 'file', path: file })).toBeUndefined()
  truncateSync(file, 3_000_000)
  expect(await sizeOf({ kind: 'file', path: file })).toEqual({ files: 1, bytes: 3_000_000 })
  expect(await sizeOf({ kind: 'file', path: '/dev/null' })).toBeUndefined()
  const bytes = (async function* () {})()
  expect(await sizeOf({ kind: 'stream', name: 'x', bytes, size: 7 })).toEqual({ files: 1, bytes: 7 })
  expect(await sizeOf({ kind: 'stream', name: 'x', bytes })).toBeUndefined()
})
