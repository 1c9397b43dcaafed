import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from './bundle-byok.ts'
import { checkout } from './node-child.ts'

let folder: string
let sources: string[]
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vault-bundle-'))
  sources = await bundle('lib/cli/main.ts', folder)
}, 120_000)
afterAll(() => rm(folder, { recursive: true }))

async function say(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { cwd: checkout })
  return stdout
}

test('every command loads from the bundle and says what it says from its source', async () => {
  const source = path.join(checkout, 'lib/cli/main.ts')
  const help = await say(source)
    .catch(({ stderr }) => String(stderr))
    .then((text) => text.slice(text.indexOf('Commands:')))
  const groups = [...help.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help')
  expect(groups).toContain('backup')
  for (const group of groups) {
    const both = await Promise.all(
      [source, path.join(folder, 'main.js')].map((program) => say(program, group, '--help')),
    )
    expect(both[1]).toBe(both[0])
  }
}, 120_000)

test('names the sources that went into it, and no package', () => {
  expect(sources).toEqual(
    expect.arrayContaining(['lib/cli/main.ts', 'lib/cli/recover.ts', 'lib/errors.ts', 'package.json']),
  )
  expect(sources.filter((name) => name.includes('node_modules') || name.startsWith('..'))).toEqual([])
})
