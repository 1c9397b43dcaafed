import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isFull, lastLines, rotateLog, withLog } from './log-file.ts'
import { spawnNode } from './node-child.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-log-'))
})
afterEach(() => rm(root, { recursive: true }))

test('a child goes on writing into the emptied file after a rotation', async () => {
  const file = path.join(root, 'logs', 'web.log')
  const program = "process.stdin.on('data', (data) => process.stdout.write(data))"
  const child = withLog(file, (log) => spawn(process.execPath, ['-e', program], { stdio: ['pipe', log, log] }))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  child.stdin?.write('before\n')
  await expect.poll(() => lastLines(file, 5)).toEqual(['before'])
  rotateLog(file)
  expect(lastLines(`${file}.1`, 5)).toEqual([])
  await truncate(file, 11 * 1024 * 1024)
  rotateLog(file)
  child.stdin?.end('after\n')
  await once(child, 'close')
  expect(lastLines(file, 5)).toEqual(['after'])
  expect((await stat(`${file}.1`)).size).toBe(11 * 1024 * 1024)
})

test('a log that is gone, or has no room for its older half, ends nobody', async () => {
  const file = path.join(root, 'web.log')
  rotateLog(file)
  await writeFile(file, 'old\n')
  await truncate(file, 11 * 1024 * 1024)
  // As where the disk is full: it cannot be written.
  await mkdir(`${file}.1`)
  rotateLog(file)
  expect((await stat(file)).size).toBe(0)
})

test('the last lines are those that say something', async () => {
  const file = path.join(root, 'web.log')
  await writeFile(file, 'one\ntwo\n\nthree\n\n')
  expect(lastLines(file, 2)).toEqual(['two', 'three'])
  expect(lastLines(path.join(root, 'nothing'), 2)).toEqual([])
})

test('a log that cannot be written, as on a full disk, ends no part', async () => {
  const program = path.join(root, 'talks.mjs')
  const file = path.join(root, 'full.log')
  await writeFile(
    program,
    `import { closeSync, openSync } from 'node:fs'
    // From now on both are a file that takes nothing.
    for (const descriptor of [1, 2]) { closeSync(descriptor); openSync(import.meta.filename, 'r') }
    console.error('x')
    setImmediate(() => console.error('y'))
    setTimeout(() => process.exit(7), 50)`,
  )
  const child = spawnNode([program], file, { NODE_ENV: 'production' })
  expect(await once(child, 'exit')).toEqual([7, null])
})

test('a disk without room for some lines is full; one that does not say is not', () => {
  const file = path.join(root, 'web.log')
  expect(isFull(file, () => ({ bavail: 15, bsize: 4096 }))).toBe(true)
  expect(isFull(file, () => ({ bavail: 16, bsize: 4096 }))).toBe(false)
  expect(isFull(path.join(root, 'nowhere', 'web.log'))).toBe(false)
  expect(isFull(file)).toBe(false)
})
