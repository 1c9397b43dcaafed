import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundlesOf, stampOf } from '#lib/supervisor/current-bundle.mjs'
import { identify } from '#lib/supervisor/process-identity.ts'

// A checkout of its own with the real bootstrap, and a stand-in for npm that installs next to nothing.

let root: string
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-bootstrap-'))
  for (const file of [
    'bin/bootstrap.mjs',
    'bin/byok.mjs',
    'lib/supervisor/die-with-parent.mjs',
    'lib/supervisor/current-bundle.mjs',
  ]) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true })
    await copyFile(path.join(import.meta.dirname, '..', file), path.join(root, file))
  }
  await put('package.json', '{"type":"module"}')
  await put('package-lock.json', '{"lock":1}\n')
  await put('prisma/schema.prisma', 'schema')
  await put('lib/cli/main.ts', "const words: string[] = process.argv.slice(2)\nconsole.log('byok', ...words)")
  await put('fake/npm', `#!/bin/sh\nexec "${process.execPath}" "${root}/fake/npm.mjs" "$@"\n`)
  await chmod(path.join(root, 'fake/npm'), 0o755)
  await put(
    'fake/npm.mjs',
    `import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
     appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n')
     console.log('npm warn EBADENGINE')
     await new Promise((resolve) => setTimeout(resolve, 300))
     mkdirSync('node_modules/node-${process.platform}-${process.arch}/bin', { recursive: true })
     try { symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/node-${process.platform}-${process.arch}/bin/node') } catch {}
     mkdirSync('node_modules/prisma/build', { recursive: true })
     writeFileSync('node_modules/prisma/build/index.js', "require('fs').appendFileSync('generated', 'x')")
     writeFileSync('node_modules/prisma/package.json', '{"type":"commonjs"}')
     writeFileSync('package-lock.json', '{"lock":"changed by npm"}')`,
  )
})
afterEach(() => rm(root, { recursive: true }))

async function put(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true })
  await writeFile(path.join(root, file), content)
}

const read = (file: string) => readFile(path.join(root, file), 'utf8')

interface Run {
  readonly child: ChildProcess
  output(): string
  readonly exit: Promise<number | string>
}

interface Settings {
  readonly program?: string
  readonly flags?: readonly string[]
  readonly cwd?: string
  /** For root: whom it runs as. */
  readonly uid?: number
  readonly umask?: string
}

function run(
  args: string[],
  { program = 'bin/bootstrap.mjs', flags = [], cwd = root, uid, umask = '' }: Settings = {},
): Run {
  const words = [process.execPath, ...flags, path.join(root, program), ...args]
  const child = spawn('/bin/sh', ['-c', `${umask && `umask ${umask}; `}exec "$@"`, 'sh', ...words], {
    cwd,
    env: { ...process.env, PATH: `${path.join(root, 'fake')}:${process.env.PATH}`, VAULT_DATA_DIR: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data) => (output += data))
  const exit = once(child, 'close').then(([code, signal]) => code ?? signal)
  return { child, exit, output: () => output }
}

test('installs once, quietly, generates the client, and runs the command with its arguments', async () => {
  const first = run(['key', 'check'], { program: 'bin/byok.mjs' })
  expect(await first.exit).toBe(0)
  expect(first.output()).toBe(
    [
      'Installing dependencies… (first start only, about a minute)',
      'npm changed package-lock.json; it was put back as it is in the repository.',
      'Generating the database client…',
      'byok key check\n',
    ].join('\n'),
  )
  expect(await read('package-lock.json')).toBe('{"lock":1}\n')
  expect(await read('npm-calls')).toBe(
    'install --include=dev --include=optional --engine-strict=false --no-audit --no-fund\n',
  )

  const second = run(['byok', 'list'])
  expect(await second.exit).toBe(0)
  expect(second.output()).toBe('byok list\n')
})

test('installs again when package-lock.json changed, and generates again when the schema did', async () => {
  await run(['byok']).exit
  await put('package-lock.json', '{"lock":2}\n')
  await run(['byok']).exit
  expect((await read('npm-calls')).split('\n')).toHaveLength(3)
  expect(await read('generated')).toBe('xx')
  await put('prisma/schema.prisma', 'another')
  await run(['byok']).exit
  expect((await read('npm-calls')).split('\n')).toHaveLength(3)
  expect(await read('generated')).toBe('xxx')
})

test('of two at once one installs and the other waits for it', async () => {
  const both = [run(['byok', 'one']), run(['byok', 'two'])]
  expect(await Promise.all(both.map(({ exit }) => exit))).toEqual([0, 0])
  expect((await read('npm-calls')).split('\n')).toHaveLength(2)
  expect(both.map(({ output }) => output()).join('')).toMatch(/byok one[\s\S]*byok two/)
})

test('does not wait for one that was killed while it installed', async () => {
  await put('lib/cli/main.ts', "console.log('ran')")
  const killed = spawn('true')
  await once(killed, 'exit')
  await put(`node_modules/.bootstrap/${killed.pid}`, '')
  expect(await run(['byok']).exit).toBe(0)
})

test('shows what npm said when it fails, and tries again the next time', async () => {
  const npm = await read('fake/npm.mjs')
  await put('fake/npm.mjs', "console.error('npm error network is down'); process.exit(7)")
  const failed = run(['byok'])
  expect(await failed.exit).toBe(1)
  expect(failed.output()).toContain('npm error network is down\nThe dependencies could not be installed (npm: 7).')
  await put('fake/npm.mjs', npm)
  expect(await run(['byok']).exit).toBe(0)
})

test('refuses a Node that is too old, in one sentence', async () => {
  const pretend = (node: string) =>
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'${node}'}})`
  for (const version of ['18.20.4', '20.18.3']) {
    const old = run(['start'], { flags: ['--import', pretend(version)] })
    expect(await old.exit).toBe(1)
    expect(old.output()).toBe(`Vault Console needs Node 20.19 or newer to start, and this is Node ${version}.\n`)
  }
})

test('runs what the build made of the command line, until a source of it is changed, moved or gone', async () => {
  await run(['byok']).exit
  await mkdir(bundlesOf(root), { recursive: true })
  const keep = (bundle: object) =>
    put(path.join(path.relative(root, bundlesOf(root)), 'current.json'), JSON.stringify(bundle))
  await writeFile(path.join(bundlesOf(root), 'main.js'), "console.log('bundled', process.argv[2])")
  const bundle = { root, file: 'main.js', sources: [stampOf(root, 'lib/cli/main.ts')] }
  const said = async () => {
    const command = run(['byok', 'list'])
    await command.exit
    return command.output()
  }
  await keep(bundle)
  expect(await said()).toBe('bundled list\n')
  for (const stale of [
    { ...bundle, root: `${root}-moved` },
    { ...bundle, file: 'cleared-away.js' },
    { ...bundle, sources: [...bundle.sources, { name: 'lib/gone.ts', size: 1, mtimeMs: 1 }] },
  ]) {
    await keep(stale)
    expect(await said()).toBe('byok list\n')
  }
  await keep(bundle)
  await put('lib/cli/main.ts', "console.log('changed')")
  expect(await said()).toBe('changed\n')
})

test('refuses an unknown command before it installs anything', async () => {
  const unknown = run(['strat'])
  expect(await unknown.exit).toBe(1)
  expect(unknown.output()).toBe('There is no command “strat”. There are start, byok, check, test.\n')
  await expect(read('npm-calls')).rejects.toThrow('ENOENT')
})

test('runs a program with the project’s Node and tools first, wherever it is called', async () => {
  await put(
    'lib/cli/main.ts',
    'console.log(JSON.stringify({ path: process.env.PATH, cwd: process.cwd(), data: process.env.VAULT_DATA_DIR }))',
  )
  await run(['byok']).exit
  const inside = path.join(root, 'lib')
  const found = run(['byok'], { cwd: inside })
  await found.exit
  const { path: paths, cwd, data } = JSON.parse(found.output())
  expect(paths.split(':')[0]).toBe(path.join(root, 'node_modules', '.bin'))
  expect(cwd).toBe(inside)
  expect(data).toBe(path.join(root, '.data'))
})

test('what it installs and makes nobody outside of its group may write, whatever the umask', async () => {
  await put('lib/cli/main.ts', 'console.log(process.umask().toString(8))')
  for (const [given, kept] of [
    ['000', '2'],
    ['027', '27'],
  ]) {
    const { exit, output } = run(['byok'], { umask: given })
    await exit
    expect(output().trimEnd().split('\n').at(-1)).toBe(kept)
  }
  expect((await stat(path.join(root, 'node_modules/prisma/build/index.js'))).mode & 0o002).toBe(0)
})

test('ends as the command ends, passes signals on, and takes the command along when it is killed', async () => {
  await put('lib/cli/main.ts', 'process.exit(Number(process.argv[2]))')
  expect(await run(['byok', '3']).exit).toBe(3)

  await put('lib/cli/main.ts', "process.kill(process.pid, 'SIGKILL')")
  expect(await run(['byok']).exit).toBe('SIGKILL')

  const wait = 'setInterval(() => 0, 1e6)\nconsole.log(process.pid)'
  await put('lib/cli/main.ts', `process.on('SIGTERM', () => process.exit(5))\n${wait}`)
  const asked = run(['byok'])
  await expect.poll(asked.output).toMatch(/\d+\n/)
  asked.child.kill('SIGTERM')
  expect(await asked.exit).toBe(5)

  await put('lib/cli/main.ts', wait)
  const killed = run(['byok'])
  await expect.poll(killed.output).toMatch(/\d+\n/)
  killed.child.kill('SIGKILL')
  await expect.poll(() => identify(Number(killed.output())), { timeout: 10_000 }).toBeUndefined()
})

test('a checkout of somebody else that is not prepared says who is to prepare it', async () => {
  expect(await run(['byok', 'help']).exit).toBe(0)
  await put('prisma/schema.prisma', 'another schema')
  const isRoot = process.getuid?.() === 0
  if (!isRoot) await chmod(path.join(root, 'node_modules/.bootstrap'), 0o555)
  else await chmod(root, 0o755)
  const other = run(['byok', 'help'], isRoot ? { uid: 65534 } : {})
  expect(await other.exit).toBe(1)
  expect(other.output()).toMatch(/is not prepared for this version.*\(EACCES\)\. Run npm start once as the user/)
  await chmod(path.join(root, 'node_modules/.bootstrap'), 0o755)
})
