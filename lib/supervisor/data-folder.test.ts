import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openDataFolder } from './data-folder.ts'

const root = mkdtempSync(path.join(tmpdir(), 'data-folder-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('makes the folder and those above it, for its owner alone, and takes one that is there', async () => {
  const folder = path.join(root, 'a', 'b', 'c')
  expect(path.basename(await openDataFolder(folder))).toBe('c')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(path.basename(await openDataFolder(folder))).toBe('c')
})

test.each([
  ['below a file', () => path.join(root, 'file', 'data'), /something on its path is not a folder/],
  ['that is a file', () => path.join(root, 'file'), /it is not a folder/],
  ['where none can be made', () => '/proc/nowhere', /its path does not exist/],
  ['deep below where none can be made', () => '/proc/nowhere/at/all', /its path does not exist/],
])('a folder %s is one sentence', async (_, folder, words) => {
  writeFileSync(path.join(root, 'file'), '')
  const opening = openDataFolder(folder())
  await expect(opening).rejects.toMatchObject({ name: 'AppError', code: 'denied' })
  await expect(opening).rejects.toThrow(words)
})

test.skipIf(!existsSync('/dev/full'))('a full disk is said, and what to do about it', async () => {
  const folder = path.join(root, 'full')
  mkdirSync(folder)
  // Whatever is written to it finds no room.
  symlinkSync('/dev/full', path.join(folder, `.probe-${process.pid}`))
  await expect(openDataFolder(folder)).rejects.toMatchObject({
    message: expect.stringContaining('(the disk is full)'),
    fix: 'Make room on its disk, then start again.',
  })
})
