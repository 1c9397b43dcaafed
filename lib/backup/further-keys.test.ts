import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { actor, openTestConsole, type TestConsole } from './console-for-tests.ts'
import { restoreNow } from './jobs-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { startBackup } from './start-backup.ts'

const never = new AbortController().signal
let sandbox: TestSandbox
let here: TestConsole
let keys: { main: string; elsewhere: string }
let source: string

beforeAll(async () => {
  sandbox = await openTestSandbox()
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  keys = { main: keyArn(sandbox.info, 'backups'), elsewhere: keyArn(sandbox.info, 'backups', 'us-west-2') }
  await here.save({ masterKey: 'alias/backups', furtherKeys: [{ typed: keys.elsewhere }] })
  source = path.join(here.context.sourceRoots[0] ?? '', 'source')
  mkdirSync(source)
  writeFileSync(path.join(source, 'a'), 'first')
})
afterAll(async () => {
  await here.close()
  await sandbox.close()
})

test('a backup is wrapped under every key, of whatever Region, and each opens it without the others', async () => {
  const backupId = await startBackup(here.context, { source, name: '' }, 'page', actor)
  await sandbox.control('DELETE', 'requests')
  await runBackup(here.context, backupId, never)
  expect((await sandbox.control('GET', 'requests')).counts.kms).toEqual({ Encrypt: 2 })
  const backup = await here.db.backup.findUniqueOrThrow({ where: { id: backupId } })
  expect(backup).toMatchObject({ state: 'complete', keyIds: [keys.main, keys.elsewhere] })

  const restore = async (name: string) => {
    const target = path.join(here.context.restoreRoots[0] ?? '', name)
    return { target, row: await restoreNow(here.context, backupId, target) }
  }
  await sandbox.control('DELETE', 'requests')
  await restore('with both')
  expect((await sandbox.control('GET', 'requests')).counts.kms).toEqual({ Decrypt: 1 })

  const regionOf = (arn: string) => arn.split(':')[3] ?? ''
  for (const lost of [keys.main, keys.elsewhere]) {
    const kms = sandbox.kms(regionOf(lost))
    await kms.send(new DisableKeyCommand({ KeyId: lost }))
    const { target, row } = await restore(`without ${regionOf(lost)}`)
    expect(row).toMatchObject({ state: 'complete', files: 1 })
    expect(await describeTree(target)).toEqual(await describeTree(source))
    await kms.send(new EnableKeyCommand({ KeyId: lost }))
  }
  for (const lost of [keys.main, keys.elsewhere])
    await sandbox.kms(regionOf(lost)).send(new DisableKeyCommand({ KeyId: lost }))
  expect((await restore('without any')).row).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('None of 2 keys opens'),
  })
})
