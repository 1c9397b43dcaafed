import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { auditLog } from '#lib/audit/audit-log-for-tests.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { signHead } from '#lib/audit/sign-head.ts'
import { byok } from './byok-for-tests.ts'

const here = auditLog()
beforeAll(async () => {
  vi.spyOn(console, 'error').mockReturnValue()
  await here.write(4)
  await recordAudit(here.db, {
    ...formula,
    action: 'auth.sign-in',
    outcome: 'refused',
    changes: { 'a"b': [null, 'é\n'] },
  })
  await signHead(here.context)
  await here.keep()
})
const formula = { actor: '=cmd|x', subject: '-1+1,"two"' }
const run = (...args: string[]) =>
  byok(['audit', ...args], {
    env: { DATABASE_URL: here.database.url, VAULT_DATA_DIR: here.folder, VAULT_AWS: 'aws' },
  })

/** As docs/audit.md tells how to, with nothing of this project. */
function lastHash(jsonl: string): string | undefined {
  let hash = '00'.repeat(32)
  for (const line of jsonl.trimEnd().split('\n')) {
    const { number, id, at, actor, address, action, outcome, subject } = JSON.parse(line)
    const changes = /,"changes":(.*),"hash":"[0-9a-f]{64}"}$/.exec(line)?.[1]
    const texts = [at, actor, address, action, outcome, subject].map((value) => JSON.stringify(value))
    const text = `[${[number, id, ...texts, changes].join(', ')}]`
    hash = createHash('sha256').update(Buffer.from(hash, 'hex')).update(text).digest('hex')
    if (JSON.parse(line).hash !== hash) return undefined
  }
  return hash
}

test('the list has the page’s filters', async () => {
  const [all, mine, refused, none] = await Promise.all([
    run('list'),
    run('list', '--who', 'command line', '--json'),
    run('list', '--outcome', 'refused', '--before', '99'),
    run('list', '--action', 'seal.recover'),
  ])
  expect(all).toMatchObject({ code: 0, stderr: '' })
  expect(all.stdout.split('\n')[0]).toMatch(/^5 {2}.* UTC {2}refused {4}auth\.sign-in {2}=cmd\|x {2}-1\+1,"two"$/)
  expect(JSON.parse(mine.stdout).events.map(({ id }: { id: string }) => id)).toEqual(['4', '2'])
  expect(refused.stdout).toMatch(/^5 [^\n]*\n[^\n]*\n$/)
  expect(none.stdout).toBe('There is no such event.\n')
})

test('an export is the whole log with its hashes, which anybody can make once more; that it was made is in it', async () => {
  const file = path.join(here.folder, 'audit.jsonl')
  const written = await run('export', '--output', file)
  expect(written).toEqual({ code: 0, stdout: '', stderr: `Written to ${file}.\n` })
  const lines = readFileSync(file, 'utf8')
  const last = JSON.parse(lines.trimEnd().split('\n').at(-1) ?? '')
  expect(last).toMatchObject({ number: 6, actor: 'command line', action: 'audit.export', subject: 'JSONL, everything' })
  expect(lastHash(lines)).toBe(last.hash)
  expect(lastHash(lines.replace('é', 'e'))).toBeUndefined()
  const again = await run('export', '--output', file)
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('it is there already') })
  expect(existsSync(`${file}.part`)).toBe(false)
})

test.runIf(spawnSync('python3', ['--version']).status === 0)(
  'the program in docs/audit.md finds the same',
  async () => {
    const { stdout: input } = await run('export')
    const docs = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'audit.md'), 'utf8')
    const [, program = ''] = /```python\n(.*?)```/s.exec(docs) ?? []
    const checked = (text: string) => spawnSync('python3', ['-c', program], { input: text, encoding: 'utf8' })
    const { number, hash } = JSON.parse(input.trimEnd().split('\n').at(-1) ?? '')
    expect(checked(input)).toMatchObject({ status: 0, stdout: `${number}:${hash}\n` })
    expect(checked(input.replace('é', 'e'))).toMatchObject({ status: 1, stderr: 'event 5 is not what was written\n' })
    expect(checked(input.replace(/.*\n/, ''))).toMatchObject({ status: 1, stderr: 'event 1 is not what was written\n' })
  },
)

test('a table that a program for tables can open without running anything; only what was asked for', async () => {
  const [table, none] = await Promise.all([
    run('export', '--format', 'csv', '--action', 'auth.sign-in'),
    run('export', '--format', 'csv', '--until', '2020-01-01'),
  ])
  const [head, row, ...rest] = table.stdout.split('\r\n')
  expect(head).toBe('number,id,at,actor,address,action,outcome,subject,changes,hash')
  expect(row).toMatch(/^5,5,[^,]*Z,"'=cmd\|x",,auth\.sign-in,refused,"'-1\+1,""two""","\{.*é\\n.*\}",[0-9a-f]{64}$/)
  expect(rest).toEqual([''])
  expect(none.stdout).toBe(`${head}\r\n`)
  expect((await run('export', '--since', 'yesterday')).code).toBe(2)
})

test('what was done to the log is told, with an exit code of its own', async () => {
  const whole = await run('verify')
  expect(whole).toMatchObject({ code: 0, stderr: '' })
  expect(whole.stdout).toMatch(/^\d+ events in order, since .*\nSigned up to event 5, on .* UTC: it fits\.\nHead, /)
  const head = /Head, to be kept elsewhere: (\d+:[0-9a-f]{64})\n$/.exec(whole.stdout)?.[1] ?? ''
  expect(await run('verify', '--head', head)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 given head: fits.'),
  })
  await here.tamper(`UPDATE audit_event SET outcome = 'success' WHERE id = 5`)
  const told = await run('verify', '--json')
  expect(told.code).toBe(1)
  expect(JSON.parse(told.stdout)).toMatchObject({ inOrder: '4', fault: expect.stringMatching(/^Entry 5, ID 5 of /) })
  await here.putBack()
  // Put back from before the head that was kept.
  expect(await run('verify')).toMatchObject({ code: 0 })
  expect(await run('verify', '--head', head)).toMatchObject({ code: 1, stderr: expect.stringContaining('✗ Entr') })
  expect((await run('verify', '--head', '5:abc')).code).toBe(2)
})
