import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { actor } from './console-for-tests.ts'
import { restoreNow } from './jobs-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'
import { startBackup } from './start-backup.ts'

const never = new AbortController().signal
const here = sandboxConsole()
let keys: { main: string; elsewhere: string }
let source: string

beforeAll(async () => {
  keys = { main: here.key('backups'), elsewhere: here.key('backups', 'us-west-2') }
  await here.save({ masterKey: 'alias/backups', furtherKeys: [{ typed: keys.elsewhere }] })
  source = here.makeSmallSource()
})

/** Until the test ends, however it does, or what this returns is called. */
async function disable(KeyId: string): Promise<() => Promise<unknown>> {
  const kms = here.sandbox.kms(KeyId.split(':')[3] ?? '')
  const enable = () => kms.send(new EnableKeyCommand({ KeyId }))
  onTestFinished(async () => void (await enable()))
  await kms.send(new DisableKeyCommand({ KeyId }))
  return enable
}

test('a backup is wrapped under every key, of whatever Region, and each opens it without the others', async () => {
  const backupId = await startBackup(here.context, { source, name: '' }, 'page', actor)
  await here.sandbox.control('DELETE', 'requests')
  await runBackup(here.context, backupId, never)
  expect((await here.counts()).kms).toEqual({ Encrypt: 2 })
  const backup = await here.db.backup.findUniqueOrThrow({ where: { id: backupId } })
  expect(backup).toMatchObject({ state: 'complete', keyIds: [keys.main, keys.elsewhere] })

  const restore = async () => {
    const target = here.newTarget()
    return { target, row: await restoreNow(here.context, backupId, target) }
  }
  await here.sandbox.control('DELETE', 'requests')
  await restore()
  expect((await here.counts()).kms).toEqual({ Decrypt: 1 })

  for (const lost of [keys.main, keys.elsewhere]) {
    const enable = await disable(lost)
    const { target, row } = await restore()
    expect(row).toMatchObject({ state: 'complete', files: 1 })
    expect(await describeTree(target)).toEqual(await describeTree(source))
    await enable()
  }
  for (const lost of [keys.main, keys.elsewhere]) await disable(lost)
  expect((await restore()).row).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('None of 2 keys opens'),
  })
})

test('what fails by one of several keys says by which', async () => {
  await disable(keys.elsewhere)
  const id = await startBackup(here.context, { source, name: '' }, 'page', actor)
  await runBackup(here.context, id, never)
  const { error } = await here.db.backup.findUniqueOrThrow({ where: { id } })
  expect(error).toMatch(/^The key is disabled\. /)
  expect(error).toContain(`It is the key ${keys.elsewhere}. Enable the key`)
})
