import { randomUUID } from 'node:crypto'
import { DisableKeyCommand, EnableKeyCommand, PutKeyPolicyCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { restoreNow } from '#lib/backup/jobs-for-tests.ts'
import { destroyUnused } from '#lib/seal/move-values.ts'
import { opensAsItsRowSays, plantBackups } from './plant-backups-for-tests.ts'
import { previewRewrap } from './preview-rewrap.ts'
import { requestOf, rewrapNow, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'
import { settleExchanges } from './settle-exchanges.ts'
import { cancelRewrap, pauseRewrap, resumeRewrap } from './steer-rewrap.ts'

const never = new AbortController().signal
const here = gatedConsole()
let source: string
let old: string
let next: string

beforeAll(async () => {
  old = here.key('backups')
  next = here.key('archive')
  await here.save({ masterKey: 'alias/backups' })
  source = here.makeSmallSource()
})
beforeEach(async () => {
  await here.sandbox.control('DELETE', 'faults')
  await here.db.rewrap.deleteMany()
  await here.db.restore.deleteMany()
  await here.db.backup.deleteMany()
})

const backUp = () => here.complete(source)
async function restores(backupId: string): Promise<void> {
  expect(await describeTree(await here.restored(backupId))).toEqual(await describeTree(source))
}
const { row } = here
const rewrap = (from: string, to: string) => rewrapNow(here.context, from, to)
const start = (from: string, to: string, perSecond: number | null = null) =>
  startNow(here.context, requestOf(from, to, undefined, perSecond))
/** One backup gets its new envelope; those of the next eight, which is how many are at work at once, are held on their way. */
function holdAfterFirst() {
  let isFirst = true
  return here.gate.hold(({ method, url }) => {
    if (method !== 'PUT' || !url.includes('/envelope.json')) return false
    const held = !isFirst
    isFirst = false
    return held
  })
}
async function without(key: string, run: () => Promise<void>): Promise<void> {
  const kms = here.sandbox.kms(key.split(':')[3])
  await kms.send(new DisableKeyCommand({ KeyId: key }))
  await run().finally(() => kms.send(new EnableKeyCommand({ KeyId: key })))
}

test('every backup gets the new key, no data object is touched, and the old key is not needed any more', async () => {
  const ids = [await backUp(), ...(await plantBackups(here, 2))]
  expect(await previewRewrap(here.context, requestOf(old, 'alias/archive'))).toMatchObject({
    backups: 3,
    to: next,
    toTyped: 'alias/archive',
    calls: { decrypt: 6, encrypt: 3 },
    perSecond: 10_000,
    notes: [{ tone: 'warn', text: expect.stringContaining('still wraps new backups') }, { tone: 'info' }],
  })
  const id = await start(old, 'alias/archive')
  await here.sandbox.control('DELETE', 'requests')
  await runRewrap(here.context, id, never)
  // The new key is proven once; each backup: one Decrypt, one Encrypt, one proving Decrypt, its envelope read and written.
  const counts = await here.counts()
  expect(counts).toEqual({ kms: { Decrypt: 7, Encrypt: 4 }, s3: { GetObject: 3, PutObject: 3 } })
  expect(await stands(here.context, id)).toMatchObject({
    state: 'complete',
    total: 3,
    done: 3,
    exchanged: 3,
    failed: 0,
  })
  for (const one of ids)
    expect(await row(one)).toMatchObject({ keyIds: [next], generation: 2, nextEnvelope: null, method: 'AWS-KMS' })
  await without(old, async () => {
    for (const one of ids) expect(await opensAsItsRowSays(here, one)).toEqual([next])
    await restores(ids[0] ?? '')
  })
  await expect(rewrap(old, next)).rejects.toThrow('There is nothing to do')
  const audit = await here.db.auditEvent.findMany({
    where: { action: { startsWith: 'rewrap.' }, subject: { contains: id } },
    orderBy: { id: 'desc' },
  })
  expect(audit.map(({ action, outcome, actor: who }) => [action, outcome, who])).toEqual([
    ['rewrap.finish', 'success', actor],
    ['rewrap.start', 'success', actor],
  ])
})

test('a key is added and taken away, never the last one; AES-256 and back', async () => {
  const id = await backUp()
  await rewrap('', next)
  expect((await row(id)).keyIds).toEqual([next, old])
  await without(old, () => restores(id))
  const sole = await backUp()
  // What goes may be dead already: the key that stays opens it.
  await without(old, async () => {
    expect(await rewrap(old, '')).toMatchObject({
      state: 'complete',
      exchanged: 1,
      failures: [{ id: sole, cause: expect.stringContaining('last key'), fix: expect.stringContaining('another key') }],
    })
  })
  expect((await row(id)).keyIds).toEqual([next])
  await expect(rewrap(next, '')).rejects.toThrow('the last key of a backup is never removed')
  const { notes } = await previewRewrap(here.context, { mode: 'exchange', from: next, to: 'AES-256', perSecond: null })
  expect(notes[0]).toMatchObject({ tone: 'warn', text: expect.stringContaining('Make a recovery kit') })
  await rewrap(next, 'AES-256')
  expect(await row(id)).toMatchObject({ method: 'AES-256', keyIds: [expect.stringMatching(/^root-key\//)] })
  await without(next, () => restores(id))
  await expect(rewrap((await row(id)).keyIds[0] ?? '', 'AES-256')).rejects.toThrow('newest root key')
  await rewrap('AES-256', old)
  expect(await row(id)).toMatchObject({ method: 'AWS-KMS', keyIds: [old], generation: 5 })
  await restores(id)
})

test('to another Region, to another account, and to where an alias points by now', async () => {
  const [id = ''] = await plantBackups(here, 1)
  const west = here.key('backups', 'us-west-2')
  await rewrap(old, west)
  expect((await row(id)).keyIds).toEqual([west])
  const shared = here.key('not-shared')
  await expect(rewrap(west, shared)).rejects.toThrow(/The new key does not work.*another account/s)
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }],
  })
  const theirs = here.sandbox.kms('us-east-1', here.sandbox.stranger)
  await theirs.send(new PutKeyPolicyCommand({ KeyId: shared, Policy }))
  await rewrap(west, shared)
  await without(west, async () => expect(await opensAsItsRowSays(here, id)).toEqual([shared]))
  await rewrap(shared, old)
  await here.sandbox.kms().send(new UpdateAliasCommand({ AliasName: 'alias/backups', TargetKeyId: next }))
  try {
    await rewrap(old, 'alias/backups')
    expect(await row(id)).toMatchObject({ keyIds: [next], generation: 5 })
    await expect(rewrap(next, 'alias/backups')).rejects.toThrow('stands for')
  } finally {
    await here.sandbox.kms().send(new UpdateAliasCommand({ AliasName: 'alias/backups', TargetKeyId: old }))
  }
})

test('one that cannot be opened is listed with its cause and its fix, and blocks none of the others', async () => {
  const [bad = '', good = ''] = await plantBackups(here, 2)
  await here.db.backup.update({ where: { id: bad }, data: { envelopeSha256: '0'.repeat(64) } })
  expect(await rewrap(old, next)).toMatchObject({
    state: 'complete',
    total: 2,
    exchanged: 1,
    failed: 1,
    failures: [{ id: bad, cause: expect.stringContaining('SHA-256 differs'), fix: expect.stringContaining('changed') }],
  })
  expect((await row(good)).keyIds).toEqual([next])
})

test('the credentials for a backup’s bucket may not use the new key, or are gone: it says so', async () => {
  const mine = await here.sandbox.user('backups', {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 'kms:Decrypt', Resource: next },
    ],
  })
  const own = { hosted: false, bucket: 'vault-hosted-us-east-1', credentials: 'access-key' } as const
  await here.save({ masterKey: 'alias/backups', ...own, ...keysOf(mine) })
  const [id = ''] = await plantBackups(here, 1)
  await here.save({ masterKey: 'alias/backups' })
  // Its own credentials must open it afterwards: that those in force could is not enough.
  expect(await rewrap(old, next)).toMatchObject({
    exchanged: 0,
    failures: [{ id, cause: expect.stringContaining('kms:Decrypt') }],
  })
  expect(await row(id)).toMatchObject({ keyIds: [old], generation: 1, nextEnvelope: null })
  await here.db.sealedValue.deleteMany({ where: { place: 'environment.secret' } })
  expect(await rewrap(old, next)).toMatchObject({
    failed: 1,
    failures: [
      { id, cause: expect.stringContaining(`credentials that the Backup Environment has for bucket ${own.bucket}`) },
    ],
  })
})
const keysOf = ({ accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string }) => ({
  accessKeyId,
  secretAccessKey,
})

test('KMS is away: it waits, says so, and the next try goes on', async () => {
  const ids = await plantBackups(here, 2)
  const id = await start(old, next)
  await here.fail({ service: 'kms', operation: 'Decrypt', effect: 'Outage' })
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'waiting', waitingFor: 'key', done: 0, failed: 0 })
  await here.sandbox.control('DELETE', 'faults')
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 2, error: null })
  for (const one of ids) expect(await opensAsItsRowSays(here, one)).toEqual([next])
})

test('KMS throttles: it goes slower, and nothing fails', async () => {
  await plantBackups(here, 3)
  const id = await start(old, next)
  await here.fail({ service: 'kms', operation: 'Decrypt', keyId: old, effect: 'Throttle', times: 5 })
  await runRewrap(here.context, id, never)
  const run = await stands(here.context, id)
  expect(run).toMatchObject({ state: 'complete', exchanged: 3, failed: 0 })
  expect(run.throttled).toBeGreaterThan(2)
})

test('the new key stops working in the middle: it pauses with the diagnosis, and goes on when resumed', async () => {
  await plantBackups(here, 20)
  const id = await start(old, next)
  const rest = holdAfterFirst()
  const running = runRewrap(here.context, id, never)
  await rest.arrived(8)
  await without(next, async () => {
    rest.release()
    await running
  })
  const run = await stands(here.context, id)
  expect(run).toMatchObject({ state: 'paused', failed: 0, error: expect.stringContaining('disabled') })
  expect(run.exchanged).toBe(9)
  expect(await here.db.notice.findFirst({ where: { link: `/keys/rewrap/${id}` } })).toMatchObject({ actor: 'console' })
  expect(await resumeRewrap(here.context, id, actor)).toBe('done')
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 20, total: 20, done: 20 })
})

test('the old key opens nothing any more: it tries some, leaves the rest alone, and says why', async () => {
  await plantBackups(here, 30)
  const id = await start(old, next)
  await without(old, () => runRewrap(here.context, id, never))
  const run = await stands(here.context, id)
  expect(run).toMatchObject({ state: 'paused', exchanged: 0, error: expect.stringMatching(/not tried.*disabled/) })
  expect(run.failed).toBeLessThan(29)
  expect(run.failures).toHaveLength(run.failed)
  await resumeRewrap(here.context, id, actor)
  expect(await stands(here.context, id)).toMatchObject({ state: 'queued', done: 0, failed: 0, failures: [] })
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 30, done: 30, total: 30 })
})

test('a refused new key is said before anything starts', async () => {
  await plantBackups(here, 1)
  for (const [alias, words] of [
    ['retired', /disabled/],
    ['write-only', /Decrypt/],
    ['old-backups', /deletion/],
    ['nobody', /No such alias/],
  ] as const)
    await expect(rewrap(old, `alias/${alias}`)).rejects.toThrow(words)
  expect(await here.db.rewrap.count()).toBe(0)
})

test('paused, resumed and cancelled, idle and at work, each with an audit row', async () => {
  await plantBackups(here, 8)
  // So slow that it is seen at work on a busy machine, too.
  const id = await start(old, next, 2)
  expect(await pauseRewrap(here.context, id, actor)).toBe('done')
  await runRewrap(here.context, id, never)
  expect(await stands(here.context, id)).toMatchObject({ state: 'paused', done: 0 })
  await resumeRewrap(here.context, id, actor)
  const running = runRewrap(here.context, id, never)
  await vi.waitUntil(async () => (await stands(here.context, id)).exchanged > 0, { timeout: 20_000 })
  expect(await pauseRewrap(here.context, id, actor)).toBe('asked')
  await running
  const paused = await stands(here.context, id)
  expect(paused).toMatchObject({ state: 'paused', error: null, wish: null })
  expect(paused.exchanged).toBeLessThan(8)
  // As many rows follow as were counted, and none is half done.
  expect(await here.db.backup.count({ where: { keyIds: { has: next } } })).toBe(paused.exchanged)
  await resumeRewrap(here.context, id, actor)
  await cancelRewrap(here.context, id, actor)
  await expect(pauseRewrap(here.context, id, actor)).rejects.toThrow('it is cancelled')
  await expect(resumeRewrap(here.context, id, actor)).rejects.toThrow('it is cancelled')
  const told = await here.db.auditEvent.findMany({ where: { subject: { contains: id } }, orderBy: { id: 'asc' } })
  expect(told.map(({ action }) => action.slice(7))).toEqual(['start', 'pause', 'resume', 'pause', 'resume', 'cancel'])
})

test('a worker that stops hands it back; a second one at once takes it over, and each backup is counted once', async () => {
  await plantBackups(here, 20)
  const id = await start(old, next)
  const stopping = new AbortController()
  const rest = holdAfterFirst()
  const first = runRewrap(here.context, id, stopping.signal)
  await rest.arrived(8)
  stopping.abort()
  rest.release()
  await first
  // What was on its way is done.
  expect(await stands(here.context, id)).toMatchObject({ state: 'queued', exchanged: 9 })
  await Promise.all([runRewrap(here.context, id, never), runRewrap(here.context, id, never)])
  expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 20, done: 20, total: 20 })
})

test('two at once about the same backups are refused, in words', async () => {
  await plantBackups(here, 1)
  const id = await start(old, next)
  await expect(start(old, 'AES-256')).rejects.toThrow('about 1 of the same backups')
  await expect(start('', next)).rejects.toThrow('Another re-wrap')
  await cancelRewrap(here.context, id, actor)
  await start(old, 'AES-256')
})

test('killed between the bucket and the row: it opens, and whoever comes next brings the row up to date', async () => {
  const [id = ''] = await plantBackups(here, 1)
  const { envelope, envelopeSha256 } = await row(id)
  await rewrap(old, next)
  const after = await row(id)
  // As it was the moment after the new envelope had taken its place.
  const middle = {
    envelope,
    envelopeSha256,
    keyIds: [old],
    generation: 1,
    nextEnvelope: after.envelope,
    nextEnvelopeSha256: after.envelopeSha256,
    nextKeyIds: [next],
  }
  const settled = { keyIds: [next], generation: 2, envelopeSha256: after.envelopeSha256, nextEnvelope: null }
  await here.db.backup.update({ where: { id }, data: middle })
  expect(await opensAsItsRowSays(here, id)).toEqual([old])
  expect(await rewrap(old, next)).toMatchObject({ exchanged: 1, done: 1 })
  expect(await row(id)).toMatchObject(settled)
  await here.db.backup.update({ where: { id }, data: middle })
  await settleExchanges(here.context, never)
  expect(await row(id)).toMatchObject(settled)
  expect(await opensAsItsRowSays(here, id)).toEqual([next])
})

test('many that cannot be ended hold up none that can', async () => {
  const [id = ''] = await plantBackups(here, 1)
  await rewrap(old, next)
  const { warnings: _, progress: __, ...after } = await row(id)
  const middle = { nextEnvelope: after.envelope, nextEnvelopeSha256: after.envelopeSha256, nextKeyIds: [next] }
  // Their objects are not there.
  const stuck = Array.from({ length: 150 }, () => ({ ...after, ...middle, id: randomUUID() }))
  await here.db.backup.createMany({ data: stuck })
  await here.db.backup.update({ where: { id }, data: middle })
  const told = vi.spyOn(console, 'error').mockReturnValue()
  onTestFinished(() => told.mockRestore())
  await settleExchanges(here.context, never)
  expect(told).toHaveBeenCalledTimes(150)
  expect(await row(id)).toMatchObject({ nextEnvelope: null })
})

test('a restore that read the row before, and the bucket after, opens', async () => {
  const ids = await Promise.all(Array.from({ length: 3 }, backUp))
  let from = old
  for (let round = 0; round < 2; round += 1) {
    const to = from === old ? next : old
    await Promise.all([rewrap(from, to), ...ids.map(restores)])
    from = to
  }
  // An older envelope put back is none of those that the row knows.
  const [id = ''] = ids
  await here.db.backup.update({ where: { id }, data: { envelopeSha256: 'f'.repeat(64) } })
  const target = here.newTarget()
  expect(await restoreNow(here.context, id, target)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('is not the one this console wrote'),
  })
})

test('a root key that an exchange is about to name is not destroyed', async () => {
  const [id = ''] = await plantBackups(here, 1)
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
