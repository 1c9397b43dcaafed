import { spawnSync } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { byok } from './byok-for-tests.ts'

const nowhere = { env: { VAULT_DATA_DIR: '/nowhere' } }

test('help of a group, asked for either way, names its commands', async () => {
  const [asked, said] = await Promise.all([byok(['help', 'seal'], nowhere), byok(['seal', '--help'], nowhere)])
  expect(asked).toEqual({ code: 0, stdout: said.stdout, stderr: '' })
  expect(said.stdout).toContain('recovery-kit')
})

test('tells its version', async () => {
  expect(await byok(['--version'], nowhere)).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  })
})

test.each([
  [['key', 'rewrap'], '--from KEY, --to KEY'],
  [['backup', 'shred', 'start', '--dry-run'], '--schedule, --key or --before'],
  [['backup', 'shred', 'start', '--key', 'x'], '--user EMAIL'],
  [['backup', 'create', '-', '--exclude', '*.tmp'], 'of a folder'],
  [['backup', 'create', '.', '--path', 'dump.sql'], '--path goes with -'],
  [['backup', 'create', '.', '--name', ''], 'It is empty'],
  [['backup', 'create', '.', '--exclude', ''], 'It is empty'],
  [['backup', 'create', '.', '--host', ''], 'It is empty'],
  [['backup', 'schedule', 'add', '.', '--include', ''], 'It is empty'],
  [['backup', 'schedule', 'add', '.', '--keep', '0x10'], 'It is not a whole number'],
  [['key', 'rewrap', '--per-second', '1e2'], 'It is a whole number'],
  [['backup', 'list', '--before', 'nonsense'], 'It is not an ID'],
  [['backup', 'list', '--state', 'nonsense'], 'Allowed choices are queued'],
])('%j is bad usage, whether a console runs or not', async (args, what) => {
  expect(await byok(args, nowhere)).toMatchObject({ code: 2, stderr: expect.stringContaining(what) })
})

test('an old key that is named by an alias is told what it must be, and which of the two it was', async () => {
  const { code, stderr } = await byok(['key', 'rewrap', '--from', 'x', '--to', 'y'], nowhere)
  expect(code).toBe(1)
  expect(stderr).toMatch(/--from: Name the old key by its ARN.* --to: If this is an alias/)
})

test('whoever does not listen to the words gets the exit code all the same', async () => {
  expect(await byok(['nonsense'], { ...nowhere, unread: 'stderr' })).toMatchObject({ code: 2 })
})

test.runIf(existsSync('/dev/full'))('an output that is full is one sentence', () => {
  const args = [path.join(import.meta.dirname, 'main.ts'), 'seal', '--help']
  const env = { ...process.env, ...nowhere.env }
  const { status, stderr } = spawnSync(process.execPath, args, {
    env,
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
  })
  expect({ status, stderr: String(stderr) }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^Standard output cannot be written: .*\n$/),
  })
})

test('the sandbox’s commands ask for nothing that only a console with AWS needs', async () => {
  const { code, stderr } = await byok(['sandbox', 'info'], { env: { ...nowhere.env, VAULT_AWS: 'aws' } })
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('No console with a sandbox is running') })
})

test.each([
  ['backup create', 'Back up the folder above it'],
  ['backup schedule add', 'Back up the folder above it'],
  ['backup restore 00000000-0000-7000-8000-000000000000 --to', 'Name another folder'],
  ['recover s3://bucket one-key --environment e --key k --to', 'Name another folder'],
])('a path whose bytes are not UTF-8 comes through no command line, and %s says so', (command, instead) => {
  // The shell hands the byte on as it is.
  const script = `exec "$0" --disable-warning=ExperimentalWarning "$1" ${command} "$(printf '/nowhere/f\\377')"`
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', VAULT_DATA_DIR: '/nowhere' } as const
  const ended = spawnSync('/bin/sh', ['-c', script, process.execPath, path.join(import.meta.dirname, 'main.ts')], {
    env,
    encoding: 'utf8',
  })
  expect(ended.stderr).toContain('It has bytes that are not UTF-8')
  expect(ended.stderr).toContain(instead)
  expect(ended.status).toBe(2)
})
