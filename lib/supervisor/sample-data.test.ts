import { createHash } from 'node:crypto'
import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Progress } from './progress.ts'
import { makeSample } from './sample-data.ts'

let root: string
let sample: string
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-sample-'))
  sample = path.join(root, 'sample')
  await makeSample(sample, new Progress(process.stdout))
})
afterAll(() => rm(root, { recursive: true }))

async function digest(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const { mode, mtimeMs } = await lstat(path.join(folder, name))
    hash.update(`${name} ${mode}`)
    if ((mode & 0o170000) === 0o100000) hash.update(`${mtimeMs}`).update(await readFile(path.join(folder, name)))
  }
  return hash.digest('hex')
}

test('holds a few hundred files of about 30 MiB, with everything that a restore can get wrong', async () => {
  const names = await readdir(sample, { recursive: true })
  const stats = await Promise.all(names.map((name) => lstat(path.join(sample, name), { bigint: true })))
  const files = stats.filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(250)
  const mebibytes = Number(files.reduce((sum, { size }) => sum + size, 0n)) / 1024 ** 2
  expect(mebibytes).toBeGreaterThan(20)
  expect(mebibytes).toBeLessThan(35)
  expect(files.some(({ size }) => size === 0n)).toBe(true)
  expect(files.some(({ nlink }) => nlink === 2n)).toBe(true)
  expect(files.some(({ mtimeNs }) => mtimeNs % 1_000_000n !== 0n)).toBe(true)
  expect(new Set(files.map(({ mode }) => Number(mode & 0o777n)))).toEqual(new Set([0o644, 0o600, 0o444, 0o755]))
  expect(Math.max(...names.map((name) => path.basename(name).length))).toBeGreaterThan(200)
  expect(names.some((name) => name.includes('日本語'))).toBe(true)
  expect(await readlink(path.join(sample, 'this year'))).toBe('ledgers/2025')
  expect(await readdir(path.join(sample, 'empty folder', 'and another'))).toEqual([])
})

test('is always the same, and is left alone once it is there', async () => {
  const again = path.join(root, 'again')
  await makeSample(again, new Progress(process.stdout))
  expect(await digest(again)).toBe(await digest(sample))
  await writeFile(path.join(again, 'README.txt'), 'mine')
  await makeSample(again, new Progress(process.stdout))
  expect(await readFile(path.join(again, 'README.txt'), 'utf8')).toBe('mine')
})
