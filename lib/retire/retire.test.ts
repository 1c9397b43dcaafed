import { ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { exportCatalog } from '#lib/catalog/export-catalog.ts'
import { exchangeNow } from '#lib/rewrap/rewrap-for-tests.ts'
import { startDeletion } from './delete-old-versions.ts'
import { isNeededAgain } from './needed-again.ts'
import { proveRetired } from './prove-retired.ts'
import { reportText } from './report-text.ts'
import { runRetire, startProof } from './run-proof.ts'
import { deletionWord, type RetireReport } from './schema.ts'
import { listProofs, viewProof } from './view-proofs.ts'

const Bucket = 'vault-hosted-us-east-1'
const never = new AbortController().signal
const here = sandboxConsole()
let source: string
let old: string
let next: string

beforeAll(async () => {
  old = here.key('backups')
  next = here.key('archive')
  source = here.makeSmallSource()
})
beforeEach(async () => {
  await here.sandbox.control('DELETE', 'objects').catch(() => {})
  await here.db.restore.deleteMany()
  await here.db.backup.deleteMany()
  await here.save({ masterKey: 'alias/backups' })
})

const backUp = () => here.complete(source)
async function rewrap(id: string, from = old, to = next): Promise<void> {
  await exchangeNow(here.context, id, { from, to })
}
const versioning = (Status: 'Enabled' | 'Suspended') =>
  here.sandbox.s3().send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
const prove = async (key = old): Promise<RetireReport> => (await proveRetired(here.context, key, { by: actor })).report
async function kept(key = old) {
  const id = await startProof(here.context, key, actor)
  await runRetire(here.context, id, never)
  const proof = await viewProof(here.db, id)
  if (!proof) throw new Error('No proof')
  return proof
}
const restores = (id: string) => here.restored(id)
const whats = ({ needs }: RetireReport) => needs.map(({ what, why }) => `${what}: ${why}`).join('\n')

test('needed until the settings and every backup let go of it, as the bucket says', async () => {
  const ids = [await backUp(), await backUp()]
  await here.db.schedule.create({
    data: {
      environmentId: here.environment,
      name: 's',
      source,
      host: '',
      every: 'daily',
      minute: 0,
      keep: 1,
      nextRunAt: new Date(4e12),
      createdBy: actor,
    },
  })
  const first = await prove()
  expect(first).toMatchObject({ safe: false, needed: 4, envelopes: 0, backups: 2 })
  expect(first.needs.map(({ what }) => what.split(' ')[0])).toEqual(['Backup', 'Schedules', 'Backup', 'Backup'])
  expect(reportText(first)).toContain('is still needed')
  for (const id of ids) await rewrap(id)
  const revision = await here.newest()
  await here.save({ masterKey: 'alias/archive' })
  await here.sandbox.control('DELETE', 'requests')
  const last = await prove()
  expect(last).toMatchObject({ safe: true, needed: 0, envelopes: 2, revisions: expect.arrayContaining([revision]) })
  // One envelope read for each, and nothing encrypted or decrypted.
  const counts = await here.counts()
  expect([counts.s3?.GetObject, counts.kms?.Decrypt, counts.kms?.Encrypt]).toEqual([2, undefined, undefined])
  await here.db.schedule.deleteMany()
})

test('a re-wrap in the middle, a backup under way, an envelope put back, and one that is not ours', async () => {
  const [middle, putBack, foreign] = [await backUp(), await backUp(), await backUp()]
  const queued = await startBackup(here.context, { source, name: 'queued' }, 'page', actor)
  const before = await here.db.backup.findUniqueOrThrow({ where: { id: putBack } })
  for (const id of [middle, putBack, foreign]) await rewrap(id)
  await here.save({ masterKey: 'alias/archive' })
  await here.db.backup.update({ where: { id: middle }, data: { nextKeyIds: [old] } })
  const at = (id: string) => ({ Bucket, Key: `${here.environment}/backups/${id}/envelope.json` })
  await here.sandbox.s3().send(new PutObjectCommand({ ...at(putBack), Body: before.envelope ?? undefined }))
  await here.db.backup.update({ where: { id: foreign }, data: { envelopeSha256: 'f'.repeat(64) } })
  const report = await prove()
  expect(report).toMatchObject({ safe: false, needed: 4 })
  for (const [id, why] of [
    [middle, 'are being exchanged'],
    [putBack, 'still names it, though the database does not'],
    [foreign, 'is not the one that this console wrote'],
    [queued, 'is being made under this key'],
  ] as const)
    expect(whats(report)).toMatch(new RegExp(`${id}.*${why}`))
  expect((await prove(next)).safe).toBe(false)
})

test('what comes under the key while it is proven, or after', async () => {
  const id = await backUp()
  await rewrap(id)
  // Started at the last moment with the settings that name the key, and not complete when the rows are looked at again.
  let queued = ''
  const atTheEnd = afterFirst(here.db.environment, async () => {
    queued = await startBackup(here.context, { source, name: 'queued' }, 'page', actor)
    await here.save({ masterKey: 'alias/archive' })
  })
  const context = { ...here.context, db: withTable(here.db, 'environment', atTheEnd) }
  const { report } = await proveRetired(context, old, { by: actor })
  expect(queued).not.toBe('')
  expect(report).toMatchObject({ safe: false, needed: 1, backups: 1 })
  expect(whats(report)).toMatch(new RegExp(`${queued}.*came under the key while`))

  await here.db.backup.delete({ where: { id: queued } })
  const proven = await prove()
  expect([proven.safe, await isNeededAgain(here.db, proven)]).toEqual([true, false])
  await here.save({ masterKey: 'alias/backups' })
  expect(await isNeededAgain(here.db, proven)).toBe(true)
})

/** The same table, which does something before it is asked for the second time. */
function afterFirst<T extends { findFirstOrThrow: unknown }>(table: T, run: () => Promise<void>): T {
  let asked = 0
  return new Proxy(table, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (name !== 'findFirstOrThrow' || typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        asked += 1
        if (asked === 2) await run()
        return Reflect.apply(member, target, args)
      }
    },
  })
}

function withTable<T extends object>(db: T, table: keyof T, instead: T[keyof T]): T {
  return new Proxy(db, { get: (target, name) => (name === table ? instead : Reflect.get(target, name)) })
}

test('what the database does not know: a backup whose row is lost, and the newest catalogue', async () => {
  const [lost, known] = [await backUp(), await backUp()]
  await exportCatalog(here.context, undefined, actor)
  await rewrap(known)
  await here.db.backup.delete({ where: { id: lost } })
  await here.save({ masterKey: 'alias/archive' })
  const report = await prove()
  expect(report).toMatchObject({ safe: false, needed: 2, unknown: { folders: 1, naming: 1 } })
  expect(whats(report)).toContain(`Folder ${here.environment}/backups/${lost}/`)
  expect(whats(report)).toContain('Export another: byok catalog export')
  await exportCatalog(here.context, undefined, actor)
  expect((await prove()).needed).toBe(1)
})

test('a versioned bucket: old versions that still open are counted, and exactly these deleted', async () => {
  await versioning('Enabled')
  const [one, two, locked, gone] = [await backUp(), await backUp(), await backUp(), await backUp()]
  for (const id of [one, two, locked]) await rewrap(id)
  await rewrap(two, next, old)
  await rewrap(two)
  await here.save({ masterKey: 'alias/archive' })
  // Deleted by the console: what is left of it is only seen in a versioned bucket.
  await deleteBackup(here.context, gone, actor)
  await here.db.backup.updateMany({ where: { id: gone }, data: { finishedAt: new Date(0) } })
  await cleanUpBackup(here.context, gone)
  const s3 = here.sandbox.s3()
  await s3.send(
    new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
  )
  const lockedKey = `${here.environment}/backups/${locked}/envelope.json`
  const listed = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: lockedKey }))
  const VersionId = listed.Versions?.find(({ IsLatest }) => !IsLatest)?.VersionId
  await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: lockedKey, VersionId, LegalHold: { Status: 'ON' } }))

  const proof = await kept()
  // one: 1, two: 2, locked: 1, gone: 1
  expect(proof).toMatchObject({
    state: 'complete',
    safe: true,
    deletable: 5,
    report: { oldVersions: { found: 5, backups: 4, unseen: null } },
  })
  expect(reportText(proof.report ?? (await prove()))).toContain('5 old versions of envelopes, of 4 backups, still open')
  await expect(startDeletion(here.context, { id: proof.id, word: 'delete 4 versions' }, actor)).rejects.toMatchObject({
    code: 'invalid',
  })
  await startDeletion(here.context, { id: proof.id, word: deletionWord(5) }, actor)
  await expect(startDeletion(here.context, { id: proof.id, word: deletionWord(5) }, actor)).rejects.toMatchObject({
    code: 'conflict',
  })
  // Ended in the middle, it goes on.
  const ended = new AbortController()
  ended.abort(new Error('stopping'))
  await expect(runRetire(here.context, proof.id, ended.signal)).rejects.toThrow('stopping')
  await runRetire(here.context, proof.id, never)
  const after = await viewProof(here.db, proof.id)
  expect(after).toMatchObject({ deletable: 1, deletion: { state: 'complete', by: actor, deleted: 4, refused: 1 } })
  expect(after?.versions[0]).toMatchObject({ state: 'refused', cause: expect.stringContaining('Object Lock') })
  for (const id of [one, two, locked]) await restores(id)
  expect((await prove()).oldVersions).toMatchObject({ found: 1, backups: 1 })
  await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: lockedKey, VersionId, LegalHold: { Status: 'OFF' } }))
  await startDeletion(here.context, { id: proof.id, word: deletionWord(1) }, actor)
  await runRetire(here.context, proof.id, never)
  expect((await prove()).oldVersions.found).toBe(0)
  const audit = await here.db.auditEvent.findMany({
    where: { action: 'retire.delete-versions' },
    orderBy: { id: 'asc' },
  })
  expect(audit.map(({ outcome }) => outcome)).toEqual(['success', 'failed', 'success', 'success'])
})

test('a version that has become the current one by then stays', async () => {
  await versioning('Enabled')
  const id = await backUp()
  await rewrap(id)
  await here.save({ masterKey: 'alias/archive' })
  const proof = await kept()
  expect(proof.deletable).toBe(1)
  const Key = `${here.environment}/backups/${id}/envelope.json`
  const s3 = here.sandbox.s3()
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }))
  await s3.send(
    new DeleteObjectCommand({ Bucket, Key, VersionId: Versions.find(({ IsLatest }) => IsLatest)?.VersionId }),
  )
  await startDeletion(here.context, { id: proof.id, word: deletionWord(1) }, actor)
  await runRetire(here.context, proof.id, never)
  expect((await viewProof(here.db, proof.id))?.versions).toMatchObject([{ state: 'current' }])
  expect(whats(await prove())).toContain('still names it, though the database does not')
})

test('what KMS says is told beside it, and what is denied is a word', async () => {
  const used = await prove(old)
  expect(used.kms.state).toEqual({ state: 'Enabled', deletionDate: null })
  expect(used.kms.aliases).toEqual({ names: ['alias/backups'] })
  expect(used.kms.lastUse).toMatchObject({ operation: expect.stringMatching(/crypt$/) })
  const spare = here.key('archive', 'us-west-2')
  await here.sandbox.kms('us-west-2').send(new ScheduleKeyDeletionCommand({ KeyId: spare, PendingWindowInDays: 7 }))
  expect((await prove(spare)).kms).toMatchObject({
    state: { state: 'PendingDeletion', deletionDate: expect.stringMatching(/^20/) },
  })
  const unknown = old.replace(/[^/]*$/, crypto.randomUUID())
  expect(await prove(unknown)).toMatchObject({
    safe: true,
    kms: { state: { why: expect.stringContaining('finds nothing by this name: it was deleted') } },
  })
})

test('without s3:ListBucketVersions the rest is proven, and what was not seen is said', async () => {
  await versioning('Enabled')
  const id = await backUp()
  await rewrap(id)
  await here.save({ masterKey: 'alias/archive' })
  const limited = await here.sandbox.user('limited', {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['kms:DescribeKey', 's3:GetObject', 's3:ListBucket'], Resource: '*' }],
  })
  const context = { ...here.context, own: { ...here.context.own, credentials: limited } }
  const { report } = await proveRetired(context, old, { by: actor })
  expect(report.envelopes).toBe(1)
  expect(report.oldVersions.unseen).toContain('s3:ListBucketVersions')
  expect(report).toMatchObject({ safe: true, needed: 0, oldVersions: { found: 0, read: 0 } })
  await here.db.backup.delete({ where: { id } })
  expect((await proveRetired(context, next, { by: actor })).report.unknown).toEqual({ folders: 1, naming: 1 })
  expect(report.kms.lastUse).toEqual({ why: expect.stringContaining('kms:GetKeyLastUsage is not allowed') })
})

test('each run is kept with who asked; one that runs already is the same', async () => {
  await here.db.retireProof.deleteMany()
  const first = await startProof(here.context, old, actor)
  expect(await startProof(here.context, old, 'other@example.test')).toBe(first)
  await runRetire(here.context, first, never)
  await kept()
  const rows = await listProofs(here.db, old)
  expect(rows.map(({ state, safe, createdBy }) => [state, safe, createdBy])).toEqual([
    ['complete', false, actor],
    ['complete', false, actor],
  ])
  // A job that comes twice changes nothing.
  await runRetire(here.context, first, never)
  expect(await listProofs(here.db, old)).toEqual(rows)
})
