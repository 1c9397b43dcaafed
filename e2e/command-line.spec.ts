import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { plannedChecks } from '#lib/keys/schema.ts'
import { expect, keyOf, saveKey, test } from './fixtures.ts'

test('key check: exit code, JSON, and the same words as the page', async ({ console, sandbox }) => {
  const good = await console.byok([
    'key',
    'check',
    keyOf(sandbox, 'us-east-1', 'backups').arn,
    '--region',
    'us-east-1',
    '--json',
  ])
  expect(good.code, good.stderr).toBe(0)
  const report = JSON.parse(good.stdout)
  expect(report).toMatchObject({ ok: true, region: 'us-east-1', keyArn: keyOf(sandbox, 'us-east-1', 'backups').arn })
  expect(report.checks.map((check: { id: string }) => check.id)).toEqual(plannedChecks(1, true).map(({ id }) => id))
  for (const check of report.checks) expect(check).toMatchObject({ status: 'passed', durationMs: expect.any(Number) })

  const both = await console.byok([
    ...['key', 'check', 'alias/backups', keyOf(sandbox, 'eu-central-1', 'retired').arn],
    ...['--region', 'us-east-1', '--fix', 'cli'],
  ])
  expect(both.code).toBe(1)
  expect(both.stdout).toContain('Only one key works')
  expect(both.stdout).toContain(
    `aws kms enable-key --region eu-central-1 --key-id ${keyOf(sandbox, 'eu-central-1', 'retired').arn}`,
  )

  for (const typed of ['alias/backups', keyOf(sandbox, 'us-east-1', 'backups').arn.split('/')[1] ?? '']) {
    const run = await console.byok(['key', 'check', typed, '--region', 'us-east-1', '--json'])
    expect(JSON.parse(run.stdout).keyArn).toBe(report.keyArn)
  }

  const bad = await console.byok([
    'key',
    'check',
    keyOf(sandbox, 'us-east-1', 'write-only').arn,
    '--region',
    'us-east-1',
    '--json',
  ])
  expect(bad.code).toBe(1)
  const refused = JSON.parse(bad.stdout)
  expect(refused.ok).toBe(false)
  expect(refused.checks.find((check: { id: string }) => check.id === 'key.decrypt')).toMatchObject({
    status: 'failed',
    kind: 'refused',
    awsCode: 'AccessDeniedException',
    cause: expect.stringContaining('Deny'),
    fix: expect.any(String),
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
})

test('bad usage is 2, an unknown backup is 1, no console is 3; each is one sentence', async ({ console }) => {
  const cases: [string[], number, RegExp][] = [
    [['key', 'check', 'alias/backups', '--fix', 'yaml'], 2, /json, cli, terraform, cloudformation/],
    [['key', 'check', 'alias/backups', '--region', 'moon-1'], 1, /not an AWS Region/],
    [['backup', 'restore', 'nonsense', '--to', '/tmp/nowhere'], 1, /There is no backup/],
    [['backup', 'create', path.join(console.folder, 'not-there')], 1, /does not exist/],
    [['backup', 'create', console.folder], 1, /data folder/],
    [['backup', 'create', '/dev/null'], 1, /neither a folder nor a file/],
    [['backup', 'create', ''], 2, /It is empty/],
    [['backup', 'create', '--exclude', '*.tmp', path.join(console.folder, 'not-there')], 1, /does not exist/],
    [['no-such-command'], 2, /unknown command/],
  ]
  for (const [args, code, words] of cases) {
    const run = await console.byok(args)
    expect(run.code, `${args.join(' ')}: ${run.stderr}`).toBe(code)
    expect(run.stderr).toMatch(words)
    expect(run.stderr).not.toMatch(/\bat .*\.ts:\d+/)
  }
  for (const args of [
    ['key', 'check'],
    ['backup', 'create'],
    ['backup', 'list'],
    ['backup', 'restore'],
    ['user', 'add'],
    ['sandbox'],
  ]) {
    const help = await console.byok([...args, '--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('Usage: byok')
  }
})

test('a restore never writes over files, and progress is not written into a pipe', async ({
  signedIn,
  console,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const source = path.join(console.sources, 'small')
  mkdirSync(source)
  writeFileSync(path.join(source, 'file'), 'content')
  const made = await console.byok(['backup', 'create', source, '--json'])
  expect(made.stderr).toBe('')
  const { id, files, state } = JSON.parse(made.stdout)
  expect({ files, state }).toEqual({ files: 1, state: 'complete' })

  const full = path.join(console.folder, 'full')
  mkdirSync(full)
  writeFileSync(path.join(full, 'precious'), 'do not touch')
  const refused = await console.byok(['backup', 'restore', id, '--to', full])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('is not empty')
  expect(existsSync(path.join(full, 'file'))).toBe(false)
})
