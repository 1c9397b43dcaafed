import { beforeAll, expect, test } from 'vitest'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { restoreNow } from '#lib/backup/jobs-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { shareSandbox } from '#lib/backup/workers-for-tests.ts'
import { byok } from './byok-for-tests.ts'

const never = new AbortController().signal
const here = gatedConsole()
let whole: string
let failed: string
beforeAll(async () => {
  await here.save({ masterKey: here.key('backups') })
  shareSandbox(here, here.sandbox)
  whole = await here.complete(here.makeSource('whole'))
  failed = await here.start(here.makeSource('refused'), { name: 'nightly' })
  await here.fail({ service: 'kms', operation: 'Encrypt', effect: 'AccessDenied' })
  await runBackup(here.context, failed, never)
  await here.sandbox.control('DELETE', 'faults')
})
const run = (...args: string[]) =>
  byok(['backup', ...args], { env: { DATABASE_URL: here.url, VAULT_DATA_DIR: here.context.dataDir } })

test('the list is narrowed by state and by text, and says when nothing is in it', async () => {
  const [all, complete, named, none] = await Promise.all([
    run('list'),
    run('list', '--state', 'complete'),
    run('list', '--text', 'NIGHT', '--json'),
    run('list', '--state', 'damaged', '--text', 'nightly'),
  ])
  expect(all.stdout).toMatch(new RegExp(`^${failed} .* failed .*nightly\\n${whole} .* complete .*whole\\n$`))
  expect(complete.stdout).toMatch(new RegExp(`^${whole} [^\\n]*\\n$`))
  expect(JSON.parse(named.stdout)).toMatchObject({ backups: [{ id: failed, state: 'failed' }], nextBefore: null })
  expect(none).toEqual({ code: 0, stdout: 'There is no such backup.\n', stderr: '' })
})

test('one backup: why it failed, what opens it, and what became of its restores', async () => {
  const target = here.newTarget('restored')
  const restore = await restoreNow(here.context, whole, target)
  const [shown, why, json, unknown] = await Promise.all([
    run('show', whole),
    run('show', failed),
    run('show', whole, '--json'),
    run('show', '00000000-0000-7000-8000-000000000000'),
  ])
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  for (const part of [
    `Key         ${here.key('backups')}\n`,
    'Bucket      s3://vault-hosted-us-east-1 in us-east-1\n',
    `environment ${here.environment}, installation ${here.context.installation}\n`,
    `Restore ${restore.id}  `,
    `complete, 2 files  to ${target}\n`,
  ])
    expect(shown.stdout).toContain(part)
  expect(why.stdout).toMatch(/State {7}failed\n {2}Why {9}Encrypt was refused by an IAM policy\. /)
  expect(JSON.parse(json.stdout)).toMatchObject({
    id: whole,
    state: 'complete',
    restores: [{ id: restore.id, target }],
  })
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('byok backup list shows their IDs') })
})

test('a backup that its key does not open says so, with why and what to do', async () => {
  const diagnosis = { title: 'Decrypt was refused', detail: 'KMS said no.', cause: 'A policy.', fix: 'Allow it.' }
  const at = new Date('2026-11-20T08:30:00Z')
  await here.db.keyHealth.create({
    data: { arn: here.key('backups'), state: 'refused', diagnosis, since: at, checkedAt: at, nextCheckAt: at },
  })
  try {
    const [list, shown, made] = await Promise.all([
      run('list'),
      run('show', whole),
      run('create', '-', '--name', 'fresh'),
    ])
    expect(list.stdout).toMatch(new RegExp(`${whole} .* complete, cannot be opened .*whole\n`))
    for (const { stdout } of [shown, made])
      expect(stdout).toContain(
        [
          `! Key ${here.key('backups')} is refused, tried 2026-11-20 08:30:00 UTC, and opens nothing now.`,
          '  Decrypt was refused. KMS said no.',
          '  Why: A policy.',
          '  To mend it: Allow it.',
          '! Nothing opens this backup until one of its keys works again.\n',
        ].join('\n'),
      )
    expect(made.code).toBe(0)
  } finally {
    await here.db.keyHealth.deleteMany()
  }
})
