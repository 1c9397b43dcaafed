import { chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { shareSandbox } from '#lib/backup/workers-for-tests.ts'
import { keyArn } from '#lib/sandbox/open-test-sandbox.ts'
import { byok } from './byok-for-tests.ts'

const here = gatedConsole()
beforeAll(async () => {
  await here.save({ masterKey: keyArn(here.sandbox.info, 'backups') })
  shareSandbox(here, here.sandbox)
})
const run = (...args: string[]) =>
  byok(['backup', ...args], { env: { DATABASE_URL: here.url, VAULT_DATA_DIR: here.context.dataDir } })

test('a backup’s dry run says what would go in and what not, and asks neither key nor bucket', async () => {
  const source = here.makeSource('tried')
  writeFileSync(path.join(source, 'b.tmp'), 'left out')
  await here.sandbox.control('DELETE', 'requests')
  const [shown, json, input] = await Promise.all([
    run('create', source, '--dry-run', '--exclude', '*.tmp'),
    run('create', source, '--dry-run', '--exclude', '*.tmp', '--json'),
    run('create', '-', '--dry-run', '--name', 'dump.sql'),
  ])
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toMatch(/^file +6 B {2}a\.txt$/m)
  expect(shown.stdout).toMatch(/^left out +b\.tmp {2}\(--exclude \*\.tmp\)$/m)
  expect(shown.stdout).toContain(`Would back up 2 files and 1 link, 6 B, of ${source}\n`)
  expect(JSON.parse(json.stdout)).toMatchObject({
    source,
    files: 2,
    bytes: 6,
    leftOut: 1,
    items: expect.arrayContaining([{ type: 'left out', path: 'b.tmp', isFolder: false, pattern: '*.tmp' }]),
  })
  expect(input).toMatchObject({ code: 2, stderr: expect.stringContaining('--dry-run is of a folder or a file') })
  expect((await here.sandbox.control('GET', 'requests')).counts).toEqual({})
  expect(await here.db.backup.count()).toBe(0)
})

test.runIf(process.getuid?.() === 0)('a restore’s dry run says whose empty folder would make way', async () => {
  const id = await here.complete(here.makeSource('of-another'))
  const target = path.join(here.folder, 'of-another')
  mkdirSync(target)
  chownSync(target, 12_345, 12_345)
  const [shown, json] = await Promise.all([
    run('restore', id, '--to', target, '--dry-run'),
    run('restore', id, '--to', target, '--dry-run', '--json'),
  ])
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toContain(
    'Would put a new folder in place of the empty one that is there, which belongs to another user (12345)\n',
  )
  expect(JSON.parse(json.stdout)).toMatchObject({ replacesFolderOf: 12_345 })
  expect(statSync(target).uid).toBe(12_345)
})

test('a restore’s dry run says what would be written, replaced and kept, and writes nothing', async () => {
  const id = await here.complete(here.makeSource('whole'))
  const target = path.join(here.folder, 'there')
  mkdirSync(target)
  writeFileSync(path.join(target, 'a.txt'), 'mine')
  const before = describeTree(target)
  const [always, never, json, refused] = await Promise.all([
    run('restore', id, '--to', target, '--overwrite', 'always', '--dry-run'),
    run('restore', id, '--to', target, '--overwrite', 'never', '--dry-run'),
    run('restore', id, 'a.txt', '--to', path.join(here.folder, 'new'), '--dry-run', '--json'),
    run('restore', id, '--to', target, '--dry-run'),
  ])
  expect(always).toMatchObject({ code: 0, stderr: '' })
  expect(always.stdout).toMatch(/^replaced +6 B {2}a\.txt$/m)
  expect(always.stdout).toContain(`Would restore 2 files and 1 link, 6 B, to ${target}, 1 of them over what is there\n`)
  expect(never.stdout).toMatch(/^kept +6 B {2}a\.txt$/m)
  expect(never.stdout).toContain('Would keep what is there in place of 1 file or link\n')
  expect(describeTree(target)).toEqual(before)
  expect(JSON.parse(json.stdout)).toMatchObject({
    backup: id,
    items: [{ path: 'a.txt', type: 'file', size: 6, becomes: 'new' }],
    files: 1,
    replaced: 0,
  })
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`${target} is not empty.`) })
  expect(existsSync(path.join(here.folder, 'new'))).toBe(false)
  expect(await here.db.restore.count()).toBe(0)
})
