import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { ensureBuilt } from './build.ts'
import { bundlesOf } from './current-bundle.mjs'

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
  await writeFile(path.join(root, 'cli.ts'), '')
  await writeFile(
    path.join(root, 'bundle.mjs'),
    `import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
     appendFileSync('${root}/bundles', 'x')
     const { size, mtimeMs } = statSync('${root}/cli.ts')
     const bundle = { root: '${root}', file: '', sources: [{ name: 'cli.ts', size, mtimeMs }] }
     mkdirSync('${bundlesOf(root)}', { recursive: true })
     writeFileSync('${bundlesOf(root)}/current.json', JSON.stringify(bundle))`,
  )
})
afterEach(() => rm(root, { recursive: true }))

async function build(program = 'build.mjs', bundler = 'bundle.mjs'): Promise<void> {
  const programs = { program: [path.join(root, program)], bundler: [path.join(root, bundler)] } as const
  const signal = new AbortController().signal
  await ensureBuilt({ root, ...programs, environment: { ...process.env } }, signal, (work) => work)
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

test('puts the command line together once, and again only after a change of what it is made of', async () => {
  const bundles = () => readFile(path.join(root, 'bundles'), 'utf8')
  await build()
  await appendFile(path.join(root, 'app', 'page.tsx'), 'changed')
  await build()
  expect(await bundles()).toBe('x')
  await appendFile(path.join(root, 'cli.ts'), 'changed')
  await build()
  expect([await bundles(), await builds()]).toEqual(['xx', 3])
  await rm(path.join(root, 'cli.ts'))
  await writeFile(path.join(root, 'fails.mjs'), "console.log('no such module'); process.exit(1)")
  const said = vi.spyOn(console, 'error').mockReturnValue()
  onTestFinished(() => said.mockRestore())
  // Nothing depends on it.
  await build('build.mjs', 'fails.mjs')
  expect(said.mock.calls.join()).toMatch(/command line could not be built \(exit code 1\)[\s\S]*no such module/)
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
