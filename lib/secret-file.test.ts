import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { secretFile } from './secret-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vault-secret-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('is made once, for its owner only, and then stays', () => {
  expect(secretFile(folder, 'one', () => 'first')).toBe('first')
  expect(
    secretFile(folder, 'one', () => {
      throw new Error('made again')
    }),
  ).toBe('first')
  expect(secretFile(folder, 'other', () => 'second')).toBe('second')
  expect(statSync(path.join(folder, 'secrets')).mode & 0o777).toBe(0o700)
  expect(statSync(path.join(folder, 'secrets', 'one')).mode & 0o777).toBe(0o600)
  expect(readdirSync(path.join(folder, 'secrets')).sort()).toEqual(['one', 'other'])
})

test('a maker that fails leaves nothing', () => {
  expect(() =>
    secretFile(folder, 'one', () => {
      throw new Error('no randomness')
    }),
  ).toThrow('no randomness')
  expect(readdirSync(path.join(folder, 'secrets'))).toEqual([])
  expect(secretFile(folder, 'one', () => 'first')).toBe('first')
})

test('of two that make it at once, both take the one that came first', () => {
  const taken = secretFile(folder, 'one', () => {
    // Somebody else is faster, in the middle of making it.
    expect(secretFile(folder, 'one', () => 'theirs')).toBe('theirs')
    return 'ours'
  })
  expect(taken).toBe('theirs')
  expect(readdirSync(path.join(folder, 'secrets'))).toEqual(['one'])
})

test('four processes at once agree', async () => {
  const program = `
    import { secretFile } from ${JSON.stringify(path.join(import.meta.dirname, 'secret-file.ts'))}
    process.stdout.write('ready')
    process.stdin.once('data', () => {
      process.stdout.write(' ' + secretFile(${JSON.stringify(folder)}, 'one', () => String(process.pid)))
      process.stdin.destroy()
    })`
  const children = [1, 2, 3, 4].map(() => spawn(process.execPath, ['--input-type=module', '-e', program]))
  const said = children.map(() => '')
  await Promise.all(
    children.map(async (child, index) => {
      for await (const piece of child.stdout.setEncoding('utf8')) {
        said[index] += piece
        // Once: whoever has answered has closed its side.
        if (said.every((text) => text === 'ready')) for (const one of children) one.stdin.write('go')
      }
      if (child.exitCode === null) await once(child, 'exit')
    }),
  )
  const stored = readFileSync(path.join(folder, 'secrets', 'one'), 'utf8')
  expect(children.map(({ pid }) => String(pid))).toContain(stored)
  expect(said).toEqual(said.map(() => `ready ${stored}`))
  expect(readdirSync(path.join(folder, 'secrets'))).toEqual(['one'])
})

// Root reads everything, whatever its mode.
test.skipIf(process.getuid?.() === 0)('a file that cannot be read is an error, not a new secret', () => {
  secretFile(folder, 'one', () => 'first')
  chmodSync(path.join(folder, 'secrets', 'one'), 0)
  expect(() => secretFile(folder, 'one', () => 'second')).toThrow('EACCES')
})

test('an empty file is not taken for a secret that is missing', () => {
  secretFile(folder, 'one', () => 'first')
  writeFileSync(path.join(folder, 'secrets', 'one'), '')
  expect(secretFile(folder, 'one', () => 'second')).toBe('')
})
