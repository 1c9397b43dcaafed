import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureBuilt } from './build.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-build-'))
  await mkdir(path.join(root, 'app'))
  await writeFile(path.join(root, 'app', 'page.tsx'), 'one')
  await writeFile(path.join(root, 'package.json'), '{}')
  await writeFile(
    path.join(root, 'build.mjs'),
    `import { appendFileSync } from 'node:fs'; appendFileSync('${root}/builds', 'x')`,
  )
})
afterEach(() => rm(root, { recursive: true }))

async function build(program = 'build.mjs'): Promise<void> {
  const environment = { ...process.env }
  const signal = new AbortController().signal
  await ensureBuilt({ root, program: [path.join(root, program)], environment }, signal, (work) => work)
}

async function builds(): Promise<number> {
  return (await readFile(path.join(root, 'builds'), 'utf8')).length
}

test('builds once, and again only after a change of what the pages are made of', async () => {
  await build()
  await build()
  expect(await builds()).toBe(1)
  await writeFile(path.join(root, 'app', 'page.test.tsx'), 'a test')
  await writeFile(path.join(root, 'notes.md'), 'no source')
  await build()
  expect(await builds()).toBe(1)
  for (const [index, file] of ['app/page.tsx', 'package.json', 'proxy.ts', 'app/new.css'].entries()) {
    await appendFile(path.join(root, file), 'changed')
    await build()
    expect(await builds()).toBe(2 + index)
  }
})

test('of two at once one builds and the other waits for it', async () => {
  await Promise.all([build(), build()])
  expect(await builds()).toBe(1)
})

test('a build that fails is tried again at the next start', async () => {
  await writeFile(path.join(root, 'fails.mjs'), "console.log('Type error: no'); process.exit(1)")
  await expect(build('fails.mjs')).rejects.toThrow(/could not be built \(exit code 1\)[\s\S]*Type error: no/)
  await build()
  expect(await builds()).toBe(1)
})
