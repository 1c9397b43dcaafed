import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DescribeKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { keyArn, openTestSandbox, refusal, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { contentOf, plantBackups } from './plant-backups-for-tests.ts'
import { previewRewrap } from './preview-rewrap.ts'
import { requestOf, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'

const never = new AbortController().signal
const bucket = 'vault-hosted-us-east-1'

interface Size {
  readonly backups: number
  /** Of them, made as a person makes them: row, queue's handler, folder. The others are planted: see plantBackups. */
  readonly whole: number
  readonly restored: number
  readonly seed: number
}

/**
 * Many backups get another key; the old one is deleted, and a sample restores identical. Asserts what each costs, and that
 * no data object was read or written.
 */
export async function rewrapMany({ backups, whole, restored, seed }: Size) {
  const random = seededRandom(seed)
  const sandbox = await openTestSandbox()
  const here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  try {
    const [old, next] = [keyArn(sandbox.info, 'backups'), keyArn(sandbox.info, 'archive')]
    await here.save({ masterKey: 'alias/backups' })
    const began = performance.now()
    const content = new Map<string, string>()
    for (let at = 0; at < whole; at += 1) content.set(await backUp(here, at), contentOf(at))
    const planted = await plantBackups(here, backups - whole, whole)
    planted.forEach((id, at) => {
      content.set(id, contentOf(whole + at))
    })
    const planting = performance.now() - began

    const before = await dataObjects(sandbox)
    const id = await startNow(here.context, requestOf(old, next))
    expect(await previewRewrap(here.context, requestOf(old, next))).toMatchObject({
      backups,
      calls: { decrypt: 2 * backups, encrypt: backups },
    })
    await sandbox.control('DELETE', 'requests')
    const started = performance.now()
    await runRewrap(here.context, id, never)
    const took = performance.now() - started
    const { counts } = await sandbox.control('GET', 'requests')
    expect(await stands(here.context, id)).toMatchObject({
      state: 'complete',
      total: backups,
      done: backups,
      exchanged: backups,
      failed: 0,
    })
    // One Decrypt, one Encrypt, one proving Decrypt each, and the new key proven once; the envelope read and written.
    expect(counts).toEqual({
      kms: { Decrypt: 2 * backups + 1, Encrypt: backups + 1 },
      s3: { GetObject: backups, PutObject: backups },
    })
    expect(await dataObjects(sandbox)).toEqual(before)
    expect(
      await here.db.backup.count({ where: { keyIds: { equals: [next] }, generation: 2, nextEnvelope: null } }),
    ).toBe(backups)

    const kms = sandbox.kms()
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: old, PendingWindowInDays: 7 }))
    await sandbox.control('PUT', 'clock', { advanceSeconds: 8 * 86_400 })
    expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: old })))).toMatchObject({ name: 'NotFoundException' })
    const ids = [...content.keys()]
    // Some of the whole ones, and some of all.
    const sample = new Set(ids.slice(0, Math.min(whole, Math.ceil(restored / 4))))
    while (sample.size < Math.min(restored, backups)) sample.add(ids[Math.floor(random() * ids.length)] ?? '')
    for (const one of sample) expect(await restore(here, one)).toBe(content.get(one))
    return {
      backups,
      whole,
      seed,
      plantingSeconds: Math.round(planting / 1000),
      rewrapSeconds: Math.round(took / 100) / 10,
      perSecond: Math.round((backups / took) * 1000),
      restored: sample.size,
      counts,
    }
  } finally {
    await here.close()
    await sandbox.close()
  }
}

async function backUp({ context, db }: TestConsole, number: number): Promise<string> {
  const source = path.join(context.sourceRoots[0] ?? '', `whole-${number}`)
  mkdirSync(source)
  writeFileSync(path.join(source, 'file'), contentOf(number))
  const id = await startBackup(context, { source, name: '' }, 'host', actor)
  await runBackup(context, id, never)
  expect(await db.backup.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'complete' })
  return id
}

async function restore({ context, db }: TestConsole, backupId: string): Promise<string> {
  const target = path.join(context.restoreRoots[0] ?? '', backupId)
  const id = await startRestore(context, { backupId, target }, 'host', actor)
  await runRestore(context, id, never)
  expect(await db.restore.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'complete', error: null })
  return readFileSync(path.join(target, 'file'), 'utf8')
}

/** Everything in the bucket but envelopes, with when it was written. */
async function dataObjects(sandbox: TestSandbox): Promise<Map<string, string>> {
  const s3 = sandbox.s3()
  const objects = new Map<string, string>()
  let ContinuationToken: string | undefined
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken }))
    for (const { Key = '', ETag, LastModified, Size } of page.Contents ?? [])
      if (!Key.endsWith('/envelope.json')) objects.set(Key, `${ETag} ${LastModified?.toISOString()} ${Size}`)
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken)
  return objects
}
