// What reading a backup costs, by the sandbox's own count; and its rows.

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { failureOf } from './backup-for-tests.ts'
import { listFolder, searchFiles } from './browse-backup.ts'
import { BrowsedBackups } from './browse-cache.ts'
import { actor } from './console-for-tests.ts'
import { inUse } from './delete-backup.ts'
import { backUpNow } from './jobs-for-tests.ts'
import { runRestore } from './run-restore.ts'
import { giveUpVerification, runVerification } from './run-verification.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'
import { startRestore } from './start-restore.ts'
import { startVerification } from './start-verification.ts'

const MIB = 1024 * 1024
const never = new AbortController().signal
const here = sandboxConsole()
let key: string
let id: string
let wanted: Buffer
beforeAll(async () => {
  key = here.key('backups')
  await here.save({ masterKey: key })
  const source = path.join(here.root(), 'source')
  mkdirSync(source)
  writeFileSync(path.join(source, 'a'), randomBytes(33 * MIB))
  wanted = randomBytes(MIB)
  writeFileSync(path.join(source, 'b'), wanted)
  writeFileSync(path.join(source, 'c'), randomBytes(33 * MIB))
  id = await backUpNow(here.context, source)
}, 120_000)
beforeEach(() => here.sandbox.control('DELETE', 'requests'))

const counts = async () => await here.counts()
const row = (verification: string) => here.db.backupVerification.findUniqueOrThrow({ where: { id: verification } })
const audit = async () =>
  (await here.db.auditEvent.findMany({ where: { action: { startsWith: 'verify.' } }, orderBy: { id: 'asc' } })).map(
    ({ action, outcome }) => `${action} ${outcome}`,
  )

test('one file of 1 MiB out of 67 costs its segment: envelope, manifest, a list and one or two segments, one Decrypt', async () => {
  const target = here.newTarget('one')
  await runRestore(
    here.context,
    await startRestore(here.context, { backupId: id, target, paths: ['b'] }, 'page', actor),
    never,
  )
  expect(readFileSync(path.join(target, 'b')).equals(wanted)).toBe(true)
  const { s3, kms } = await counts()
  expect(kms).toEqual({ Decrypt: 1 })
  expect(s3?.GetObject).toBeLessThanOrEqual(3 + 2)
})

test('browsing page after page costs one Decrypt and no segment, and ends with the row', async () => {
  const browsed = new BrowsedBackups(here.context)
  for (let page = 0; page < 5; page += 1) {
    const { index, release } = await browsed.open(id)
    expect((await listFolder(index, '.', { limit: 10 })).items.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect((await searchFiles(index, 'B', { limit: 10 })).items).toHaveLength(1)
    release()
  }
  const { s3, kms } = await counts()
  expect(kms).toEqual({ Decrypt: 1 })
  expect(s3).toEqual({ GetObject: 3 })
  await here.db.backup.update({ where: { id }, data: { state: 'deleting' } })
  expect(await failureOf(browsed.open(id))).toMatchObject({ code: 'invalid' })
  await here.db.backup.update({ where: { id }, data: { state: 'complete' } })
  browsed.close()
})

const minutes = 60_000
const clocks: [string, { now(): number }][] = [
  ['this process', performance],
  ['this machine', Date],
]
test.each(clocks)('what is kept opened is opened anew after five minutes by the clock of %s', async (_, clock) => {
  const browsed = new BrowsedBackups(here.context)
  const look = async () => (await browsed.open(id)).release()
  await look()
  const now = clock.now.bind(clock)
  const later = vi.spyOn(clock, 'now').mockImplementation(() => now() + 4 * minutes)
  onTestFinished(() => later.mockRestore())
  await look()
  expect((await counts()).kms).toEqual({ Decrypt: 1 })
  later.mockImplementation(() => now() + 5 * minutes + 1)
  await look()
  expect((await counts()).kms).toEqual({ Decrypt: 2 })
  browsed.close()
})

test('a key that refuses is a sentence, and is asked again afterwards', async () => {
  const browsed = new BrowsedBackups(here.context)
  await here.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  const error = await failureOf(browsed.open(id))
  const verification = await startVerification(here.context, { backupId: id, depth: 'quick' }, actor)
  await runVerification(here.context, verification, never)
  await here.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  expect(error).toMatchObject({ code: 'denied', message: expect.stringMatching(/^The key is disabled\. /) })
  expect(await row(verification)).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/^The key is disabled\. /),
  })
  ;(await browsed.open(id)).release()
  browsed.close()
})

test('a key that cannot be reached is waited for, and holds up no deletion meanwhile', async () => {
  await here.fail({ service: 'kms', operation: '*', effect: 'Outage' })
  const verification = await startVerification(here.context, { backupId: id, depth: 'quick' }, actor)
  await runVerification(here.context, verification, never)
  const before = await row(verification)
  expect(before).toMatchObject({ state: 'waiting', waitingFor: 'key', tries: 1, nextTryAt: expect.any(Date) })
  expect(before.error).toContain('KMS')
  expect(await failureOf(startVerification(here.context, { backupId: id, depth: 'full' }, actor))).toMatchObject({
    code: 'conflict',
    fix: 'It waits for the key, and goes on by itself.',
  })
  expect(await here.db.$transaction((tx) => inUse(tx, id))).toBeUndefined()
  // The next try is a job of its own, due later.
  const jobs = await here.db.$queryRaw<{ later: boolean }[]>`
    SELECT start_after > now() AS later FROM pgboss.job WHERE data->>'id' = ${verification} ORDER BY created_on`
  expect(jobs.map(({ later }) => later)).toEqual([false, true])
  await here.sandbox.control('DELETE', 'faults')
  await runVerification(here.context, verification, never)
  expect(await row(verification)).toMatchObject({ state: 'complete', problemCount: 0, tries: 0, error: null })
  expect((await audit()).slice(-2)).toEqual(['verify.start success', 'verify.finish success'])

  const other = await startVerification(here.context, { backupId: id, depth: 'quick' }, actor)
  await here.db.backupVerification.update({ where: { id: other }, data: { state: 'waiting' } })
  await here.db.backup.update({ where: { id }, data: { state: 'deleting' } })
  await runVerification(here.context, other, never)
  expect(await row(other)).toMatchObject({ state: 'failed', error: expect.stringContaining('nothing to verify') })
  await here.db.backup.update({ where: { id }, data: { state: 'complete' } })
})

test('verifying quickly looks at every object and fetches none of the data; fully, it fetches each once', async () => {
  const quick = await startVerification(here.context, { backupId: id, depth: 'quick' }, actor)
  expect(await failureOf(startVerification(here.context, { backupId: id, depth: 'full' }, actor))).toMatchObject({
    code: 'conflict',
  })
  await runVerification(here.context, quick, never)
  expect(await row(quick)).toMatchObject({ state: 'complete', problemCount: 0, objects: 8, createdBy: actor })
  expect(await counts()).toMatchObject({ kms: { Decrypt: 1 }, s3: { GetObject: 2, HeadObject: 6 } })

  await here.sandbox.control('DELETE', 'requests')
  const full = await startVerification(here.context, { backupId: id, depth: 'full' }, actor)
  await runVerification(here.context, full, never)
  expect(await row(full)).toMatchObject({ state: 'complete', problemCount: 0, problems: [], objects: 8 })
  const { kms, s3 } = await counts()
  expect(kms).toEqual({ Decrypt: 1 })
  expect(s3?.GetObject).toBeLessThanOrEqual(2 + 6 + 1)
  expect((await audit()).slice(-4)).toEqual([
    'verify.start success',
    'verify.finish success',
    'verify.start success',
    'verify.finish success',
  ])
})

test('an object that was replaced in the bucket is named by both, in the row and the audit', async () => {
  const { bucket, prefix, environmentId } = await here.db.backup.findUniqueOrThrow({ where: { id } })
  const folder = `${prefix === '' ? '' : `${prefix}/`}${environmentId}/backups/${id}/`
  const object = { Bucket: here.sandbox.real(bucket), Key: `${folder}segments/1/2` }
  const s3 = here.sandbox.s3()
  const Body = await (await s3.send(new GetObjectCommand(object))).Body?.transformToByteArray()
  onTestFinished(async () => void (await s3.send(new PutObjectCommand({ ...object, Body }))))
  await s3.send(new PutObjectCommand({ ...object, Body: randomBytes(500) }))
  for (const depth of ['quick', 'full'] as const) {
    const verification = await startVerification(here.context, { backupId: id, depth }, actor)
    await runVerification(here.context, verification, never)
    expect(await row(verification)).toMatchObject({
      state: 'complete',
      problemCount: 1,
      problems: [{ object: 'segments/1/2', message: expect.stringMatching(/^Segment 2 of backup /) }],
    })
    expect((await audit()).at(-1)).toBe('verify.finish refused')
  }
})

test('given up is final', async () => {
  const verification = await startVerification(here.context, { backupId: id, depth: 'quick' }, actor)
  await giveUpVerification(here.context, verification)
  const given = await row(verification)
  expect(given).toMatchObject({ state: 'failed', error: expect.stringMatching(/^The worker stopped/) })
  await runVerification(here.context, verification, never)
  expect(await row(verification)).toEqual(given)
})
