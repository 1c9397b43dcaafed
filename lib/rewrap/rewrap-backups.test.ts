import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { destroyUnused } from '#lib/seal/move-values.ts'
import { listKeys } from './list-keys.ts'
import { proveRetired } from './prove-retired.ts'
import { previewRewrap, rewrapBackups } from './rewrap-backups.ts'

const never = new AbortController().signal
let sandbox: TestSandbox
let here: TestConsole
let source: string
let old: string
let next: string

beforeAll(async () => {
  sandbox = await openTestSandbox()
  here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  old = keyArn(sandbox.info, 'backups')
  next = keyArn(sandbox.info, 'archive')
  await here.save({ masterKey: 'alias/backups' })
  source = path.join(here.context.sourceRoots[0] ?? '', 'source')
  mkdirSync(source)
  writeFileSync(path.join(source, 'a'), 'first')
})
afterAll(async () => {
  await here.close()
  await sandbox.close()
})
beforeEach(async () => {
  await sandbox.control('DELETE', 'faults')
  await here.db.restore.deleteMany()
  await here.db.backup.deleteMany()
})

async function backUp(): Promise<string> {
  const id = await startBackup(here.context, { source, name: '' }, 'page', actor)
  await runBackup(here.context, id, never)
  return id
}
let targets = 0
async function restores(backupId: string): Promise<void> {
  targets += 1
  const target = path.join(here.context.restoreRoots[0] ?? '', `restore ${targets}`)
  const id = await startRestore(here.context, { backupId, target }, 'page', actor)
  await runRestore(here.context, id, never)
  expect(await here.db.restore.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'complete', error: null })
  expect(await describeTree(target)).toEqual(await describeTree(source))
}
const row = (id: string) => here.db.backup.findUniqueOrThrow({ where: { id } })
const rewrap = (from: string | undefined, to: string | undefined) =>
  rewrapBackups(here.context, { from, to }, { actor })
async function without(key: string, run: () => Promise<void>): Promise<void> {
  await sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  await run().finally(() => sandbox.kms().send(new EnableKeyCommand({ KeyId: key })))
}

test('every backup gets the new key, no data object is touched, and the old key is not needed any more', async () => {
  const ids = [await backUp(), await backUp(), await backUp()]
  expect(await previewRewrap(here.context, { from: old, to: next })).toMatchObject({ backups: 3, bytes: 15 })
  await sandbox.control('DELETE', 'requests')
  expect(await rewrap(old, next)).toMatchObject({ total: 3, exchanged: 3, failed: 0 })
  // Each: one Decrypt, one Encrypt, one proving Decrypt; its envelope read and written.
  const { counts } = await sandbox.control('GET', 'requests')
  expect(counts).toEqual({ kms: { Decrypt: 6, Encrypt: 3 }, s3: { GetObject: 3, PutObject: 3 } })
  for (const id of ids)
    expect(await row(id)).toMatchObject({ keyIds: [next], generation: 2, nextEnvelope: null, method: 'AWS-KMS' })
  expect(await rewrap(old, next)).toMatchObject({ total: 0, exchanged: 0 })
  await without(old, async () => {
    for (const id of ids) await restores(id)
  })

  const keys = await listKeys(here.context)
  expect(
    keys.map(({ arn, state, backups, bytes, onlyWayIn, inUse }) => [arn, state, backups, bytes, onlyWayIn, inUse]),
  ).toEqual([
    [old, 'healthy', 0, 0, 0, true],
    [next, 'healthy', 3, 15, 3, false],
  ])
  expect(await proveRetired(here.context, old)).toMatchObject({ safe: false, needs: [{ what: 'Backup Environment' }] })
  await here.save({ masterKey: 'alias/archive' })
  expect(await proveRetired(here.context, old)).toMatchObject({ safe: true, envelopes: 3 })
  expect(await proveRetired(here.context, next)).toMatchObject({ safe: false, needed: 4 })
  await here.save({ masterKey: 'alias/backups' })
})

test('a key is added and taken away, never the last one; AES-256 and back', async () => {
  const id = await backUp()
  await rewrap(undefined, next)
  expect((await row(id)).keyIds).toEqual([next, old])
  await without(old, () => restores(id))
  await rewrap(old, undefined)
  expect((await row(id)).keyIds).toEqual([next])
  expect(await rewrap(next, undefined)).toMatchObject({
    failed: 1,
    failures: [{ message: expect.stringContaining('last key') }],
  })
  await rewrap(next, 'AES-256')
  const sealed = await row(id)
  expect(sealed).toMatchObject({ method: 'AES-256', keyIds: [expect.stringMatching(/^root-key\//)] })
  await without(next, () => restores(id))
  await rewrap(sealed.keyIds[0], old)
  expect(await row(id)).toMatchObject({ method: 'AWS-KMS', keyIds: [old], generation: 5 })
  await restores(id)
})

test('one that cannot be opened is listed with its cause, and blocks none of the others', async () => {
  const [bad, good] = [await backUp(), await backUp()]
  await here.db.backup.update({ where: { id: bad }, data: { envelopeSha256: '0'.repeat(64) } })
  const result = await rewrap(old, next)
  expect(result).toMatchObject({ total: 2, exchanged: 1, failed: 1, failures: [{ id: bad }] })
  expect((await row(good)).keyIds).toEqual([next])
})

test.each([
  ['Encrypt', 'AccessDenied', 'kms'],
  ['Decrypt', 'Outage', 'kms'],
  ['PutObject', 'Outage', 's3'],
])(
  '%s meets %s in the middle: the backup opens all the same, and the next run goes on',
  async (operation, effect, service) => {
    const id = await backUp()
    await sandbox.control('PUT', 'faults', [{ service, operation, effect }])
    expect(await rewrap(old, next)).toMatchObject({ exchanged: 0, failed: 1 })
    await sandbox.control('DELETE', 'faults')
    expect((await row(id)).keyIds).toEqual([old])
    await restores(id)
    expect(await rewrap(old, next)).toMatchObject({ exchanged: 1, failed: 0 })
    expect(await row(id)).toMatchObject({ keyIds: [next], generation: 2, nextEnvelope: null })
    await restores(id)
  },
  120_000,
)

test('killed between the bucket and the row: it opens, and the next run brings the row up to date', async () => {
  const id = await backUp()
  const { envelope, envelopeSha256 } = await row(id)
  await rewrap(old, next)
  const after = await row(id)
  // As it was the moment after the new envelope had taken its place.
  await here.db.backup.update({
    where: { id },
    data: {
      envelope,
      envelopeSha256,
      keyIds: [old],
      generation: 1,
      nextEnvelope: after.envelope,
      nextEnvelopeSha256: after.envelopeSha256,
      nextKeyIds: [next],
    },
  })
  await restores(id)
  await rewrap(old, next)
  expect(await row(id)).toMatchObject({
    keyIds: [next],
    generation: 2,
    envelopeSha256: after.envelopeSha256,
    nextEnvelope: null,
  })
  await restores(id)
})

test('a restore that read the row before, and the bucket after, opens', async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, backUp))
  let from = old
  for (let round = 0; round < 4; round += 1) {
    const to = from === old ? next : old
    await Promise.all([rewrap(from, to), ...ids.map(restores)])
    from = to
  }
  // An older envelope put back is none of those that the row knows.
  const [id = ''] = ids
  await here.db.backup.update({ where: { id }, data: { envelopeSha256: 'f'.repeat(64) } })
  const target = path.join(here.context.restoreRoots[0] ?? '', 'replayed')
  const restore = await startRestore(here.context, { backupId: id, target }, 'page', actor)
  await runRestore(here.context, restore, never)
  expect(await here.db.restore.findUniqueOrThrow({ where: { id: restore } })).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('is not the one this console wrote'),
  })
})

test('a root key that an exchange is about to name is not destroyed', async () => {
  const id = await backUp()
  const wrapped = await here.context.seal.wrap(Buffer.alloc(32), { purpose: 'test' })
  await here.db.backup.update({ where: { id }, data: { nextKeyIds: [wrapped.keyId] } })
  await here.db.rootKey.create({ data: { id: 'root-key/newer' } })
  try {
    expect(await destroyUnused(here.context)).toMatchObject({
      destroyed: [],
      kept: [{ id: wrapped.keyId, backups: 1 }],
    })
  } finally {
    await here.db.rootKey.delete({ where: { id: 'root-key/newer' } })
  }
})
