import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

/** @param stdout a file to write to; otherwise what is printed is read */
async function byok(args: readonly string[], { stdout, deaf = false }: { stdout?: string; deaf?: boolean } = {}) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts'), ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', VAULT_DATA_DIR: '/nowhere' },
    stdio: ['ignore', stdout === undefined ? 'pipe' : openSync(stdout, 'w'), 'pipe'],
  })
  let out = ''
  let error = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  if (deaf) child.stderr?.destroy()
  else child.stderr?.setEncoding('utf8').on('data', (text: string) => (error += text))
  await once(child, 'close')
  return { code: child.exitCode, out, error }
}

test('help of a group, asked for either way, names its commands', async () => {
  const [asked, said] = await Promise.all([byok(['help', 'seal']), byok(['seal', '--help'])])
  expect(asked).toEqual({ code: 0, out: said.out, error: '' })
  expect(said.out).toContain('recovery-kit')
})

test('tells its version', async () => {
  expect(await byok(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), error: '' })
})

test.each([
  [['key', 'rewrap'], '--from KEY, --to KEY'],
  [['backup', 'shred', 'start', '--dry-run'], '--schedule, --key or --before'],
  [['backup', 'shred', 'start', '--key', 'x'], '--user EMAIL'],
])('%j is bad usage, whether a console runs or not', async (args, what) => {
  expect(await byok(args)).toMatchObject({ code: 2, error: expect.stringContaining(what) })
})

test('an old key that is named by an alias is told what it must be, and which of the two it was', async () => {
  const { code, error } = await byok(['key', 'rewrap', '--from', 'x', '--to', 'y'])
  expect(code).toBe(1)
  expect(error).toMatch(/--from: Name the old key by its ARN.* --to: If this is an alias/)
})

test('whoever does not listen to the words gets the exit code all the same', async () => {
  expect(await byok(['nonsense'], { deaf: true })).toMatchObject({ code: 2 })
})

test.runIf(existsSync('/dev/full'))('an output that is full is one sentence', async () => {
  const { code, error } = await byok(['seal', '--help'], { stdout: '/dev/full' })
  expect({ code, error }).toEqual({
    code: 1,
    error: expect.stringMatching(/^Standard output cannot be written: .*\n$/),
  })
})
