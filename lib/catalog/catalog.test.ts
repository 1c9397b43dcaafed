import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { openGate } from '#lib/aws/gate-for-tests.ts'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { plainCodec } from '#lib/backup/codec.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { backUpNow } from '#lib/backup/jobs-for-tests.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { viewBackup } from '#lib/backup/view-backups.ts'
import { exchangeKeys, type KeyChange } from '#lib/rewrap/exchange-keys.ts'
import { settleExchanges } from '#lib/rewrap/settle-exchanges.ts'
import { encodeCatalog } from './catalog-format.ts'
import { exportCatalog } from './export-catalog.ts'
import { importCatalog } from './import-catalog.ts'
import { readCatalog } from './read-catalog.ts'

import { bucket, twoConsoles } from './two-consoles-for-tests.ts'

const never = new AbortController().signal
const here = twoConsoles()
const { backUp, place, plant, restored, take } = here

test('a lost database: everything is there again in a new console, and restores to the same bytes', async () => {
  const sources = [plant(), plant()]
  const ids = []
  for (const source of sources) ids.push(await backUp(source, `Backup of ${path.basename(source)}`))
  const stored = await exportCatalog(here.a.context, undefined, actor)
  expect(stored).toMatchObject({ backups: 2, revisions: 1, environment: here.a.environment })
  expect(stored.address).toBe(`s3://${bucket}/a/b/${here.a.environment}/catalog/${stored.time}/`)

  // Nothing is changed by a dry run; then all of it; then nothing is left to do.
  const { installation } = here.a.context
  const dry = await take(here.b, true)
  expect(dry).toMatchObject({ installation, added: ids, unchanged: 0, conflicts: [], missing: [] })
  expect(dry.settings).toMatchObject({ bucket, prefix: 'a/b', method: 'AWS-KMS', keyArn: here.keys[0] })
  expect(await here.b.db.backup.count()).toBe(0)
  expect(await take(here.b)).toMatchObject({ added: ids })
  expect(await take(here.b)).toMatchObject({ added: [], updated: [], unchanged: 2 })
  expect(await here.b.db.auditEvent.count({ where: { action: 'catalog.import' } })).toBe(2)

  for (const [index, id] of ids.entries()) {
    const [before, after] = await Promise.all([viewBackup(here.a.context, id), viewBackup(here.b.context, id)])
    expect({ ...after, restoreRoot: '' }).toEqual({ ...before, restoreRoot: '' })
    expect(after).toMatchObject({ installation, environment: here.a.environment })
    expect(describeTree(await restored(here.b, id))).toEqual(describeTree(sources[index] ?? ''))
  }
})

test('the new console’s own environment stays its own', async () => {
  await here.b.save({ masterKey: here.keys[0], hosted: false, bucket, prefix: 'of-b' })
  const own = path.join(here.b.folder, 'sources', 'own')
  mkdirSync(own)
  const id = await backUpNow(here.b.context, own)
  const { installation } = here.b.context
  expect(await viewBackup(here.b.context, id)).toMatchObject({
    state: 'complete',
    installation,
    environment: here.b.environment,
  })
  // What it took over goes on with what is its own.
  const stored = await exportCatalog(here.b.context, undefined, actor)
  expect(stored).toMatchObject({ backups: 3, environment: here.b.environment })
})

test('a database put back from the middle of a re-wrap: its half of an exchange does not replace a newer envelope', async () => {
  const id = await backUp(plant(), 'Half exchanged')
  const [first, second] = here.keys
  const exchange = async (change: KeyChange, record?: () => Promise<void>) => {
    const reaches = new SharedReaches(here.a.context)
    try {
      const connect = (backup: Parameters<SharedReaches['connect']>[0]) => reaches.connect(backup)
      const newKey = (connection: Awaited<ReturnType<typeof connect>>, key: string) =>
        key === 'AES-256' ? here.a.context.seal : connection.keyWrapper(key)
      await exchangeKeys(here.a.context, id, change, { connect, newKey, ...(record && { record }) })
    } finally {
      reaches.close()
    }
  }
  const killed = new Error('killed')
  await expect(exchange({ from: first, to: second }, () => Promise.reject(killed))).rejects.toBe(killed)
  const { warnings: _, progress: __, ...dump } = await here.a.db.backup.findUniqueOrThrow({ where: { id } })
  expect(dump).toMatchObject({ generation: 1, keyIds: [first], nextKeyIds: [second] })
  // Ended, and then given the console's own root key; the database of the catalogue is lost, and the dump put back.
  await settleExchanges(here.a.context, never)
  await exchange({ from: second, to: 'AES-256' })
  await exportCatalog(here.a.context, undefined, actor)
  const newest = await here.a.db.backup.findUniqueOrThrow({ where: { id } })
  expect(newest).toMatchObject({ generation: 3, method: 'AES-256' })
  await here.a.db.backup.update({ where: { id }, data: dump })

  expect(await take(here.a)).toMatchObject({ updated: [id] })
  await settleExchanges(here.a.context, never)
  const { generation, keyIds, method, envelopeSha256 } = newest
  expect(await here.a.db.backup.findUniqueOrThrow({ where: { id } })).toMatchObject({
    ...{ generation, keyIds, method, envelopeSha256 },
    ...{ nextEnvelope: null, nextEnvelopeSha256: null, nextKeyIds: [] },
  })
  await restored(here.a, id)
  await here.a.db.restore.deleteMany()
  await here.a.db.backup.delete({ where: { id } })
})

test('rows that are newer here stay; older ones get their new keys; differences are named', async () => {
  const id = await backUp(plant(), 'Pins')
  await exportCatalog(here.a.context, undefined, actor)
  await take(here.b)
  const pins = { generation: 2, envelopeSha256: 'f'.repeat(64), keyIds: [here.keys[1]] }
  const inB = (data: object) => here.b.db.backup.update({ where: { id }, data })
  await inB(pins)
  expect(await take(here.b)).toMatchObject({ newerHere: [id], updated: [], conflicts: [] })
  expect(await here.b.db.backup.findUniqueOrThrow({ where: { id } })).toMatchObject(pins)
  await inB({ generation: 0 })
  expect(await take(here.b)).toMatchObject({ newerHere: [], updated: [id] })
  const [before, after] = await Promise.all(
    [here.a, here.b].map(({ db }) => db.backup.findUniqueOrThrow({ where: { id } })),
  )
  for (const name of ['generation', 'envelopeSha256', 'keyIds'] as const) expect(after?.[name]).toEqual(before?.[name])
  for (const [change, reason] of [
    [{ envelopeSha256: 'e'.repeat(64) }, /envelope/],
    [{ manifestSha256: 'e'.repeat(64) }, /manifest/],
    [{ state: 'failed' }, /failed here/],
  ] as const) {
    await inB(change)
    expect(await take(here.b)).toMatchObject({ conflicts: [{ id, reason: expect.stringMatching(reason) }] })
    await inB({ envelopeSha256: before?.envelopeSha256, manifestSha256: before?.manifestSha256, state: 'complete' })
  }
})

test('a catalogue that somebody else stored takes no backup’s keys away', async () => {
  const id = await backUp(plant(), 'Kept')
  await exportCatalog(here.a.context, undefined, actor)
  await take(here.b)
  const { catalog } = await readCatalog(here.b.context, place())
  const before = await here.b.db.backup.findUniqueOrThrow({ where: { id } })
  const time = '20000101T000000000Z'
  const store = async (changes: object) => {
    const backups = catalog.backups.filter((one) => one.id === id).map((one) => ({ ...one, generation: 9, ...changes }))
    const Body = await plainCodec.seal(encodeCatalog({ ...catalog, backups }), {})
    const Key = `a/b/${here.a.environment}/catalog/${time}/catalog`
    await here.sandbox.s3().send(new PutObjectCommand({ Bucket: bucket, Key, Body }))
  }
  const taken = (dryRun: boolean) => take(here.b, dryRun, { time, keys: 'none' })

  await store({ method: 'none', keyIds: [], envelopeSha256: null })
  for (const dryRun of [true, false])
    expect(await taken(dryRun)).toMatchObject({
      updated: [],
      conflicts: [{ id, reason: expect.stringMatching(/encrypted here/) }],
    })
  // Its envelope in the bucket is the one that it had before.
  await store({ keyIds: ['arn:aws:kms:us-east-1:666666666666:key/theirs'], envelopeSha256: 'e'.repeat(64) })
  for (const dryRun of [true, false]) expect(await taken(dryRun)).toMatchObject({ updated: [], missing: [{ id }] })
  // Nor is one looked for where somebody else put it.
  await store({ prefix: 'elsewhere' })
  for (const dryRun of [true, false])
    expect(await taken(dryRun)).toMatchObject({
      updated: [],
      conflicts: [{ id, reason: expect.stringMatching(/^It lies in bucket .* here, and elsewhere in the catalogue/) }],
    })
  expect(await here.b.db.backup.findUniqueOrThrow({ where: { id } })).toEqual(before)
})

test('what is not in the bucket any more does not come back as a row', async () => {
  const [gone, other] = [await backUp(plant(), 'Gone'), await backUp(plant(), 'Other')]
  await exportCatalog(here.a.context, undefined, actor)
  const manifest = (id: string) => ({ Bucket: bucket, Key: `a/b/${here.a.environment}/backups/${id}/manifest` })
  await here.sandbox.s3().send(new DeleteObjectCommand(manifest(gone)))
  await here.sandbox.s3().send(new PutObjectCommand({ ...manifest(other), Body: 'something else' }))
  const { added, missing } = await take(here.b)
  expect(added).toEqual([])
  expect(missing.map(({ id }) => id).sort()).toEqual([gone, other].sort())
})

test('nor what is deleted while the bucket is looked into', async () => {
  const deleted = await backUp(plant(), 'Deleted meanwhile')
  await exportCatalog(here.a.context, undefined, actor)
  await take(here.b)
  await backUp(plant(), 'Looked for')
  await exportCatalog(here.a.context, undefined, actor)
  const gate = await openGate(here.sandbox.info.endpoint)
  try {
    const own = { ...here.b.context.own, endpoint: gate.endpoint }
    const hold = gate.hold(({ method, url }) => method === 'GET' && /\/backups\/[^/]+\/manifest/.test(url))
    const taken = importCatalog({ ...here.b.context, own }, place(), { dryRun: false, actor })
    await hold.arrived(1)
    await deleteBackup(here.b.context, deleted, actor)
    await cleanUpBackup(here.b.context, deleted)
    expect(await here.b.db.backup.findUnique({ where: { id: deleted } })).toBeNull()
    hold.release()
    const { added, missing } = await taken
    expect(added).not.toContain(deleted)
    expect(missing).toContainEqual({ id: deleted, reason: expect.stringMatching(/^It was deleted or changed here/) })
    expect(await here.b.db.backup.findUnique({ where: { id: deleted } })).toBeNull()
  } finally {
    await gate.close()
  }
})

test('nor what nothing opens: shredded, or under other keys, since the catalogue was stored', async () => {
  const [shredded, exchanged] = [await backUp(plant(), 'Shredded'), await backUp(plant(), 'Exchanged')]
  await exportCatalog(here.a.context, undefined, actor)
  const envelope = (id: string) => ({ Bucket: bucket, Key: `a/b/${here.a.environment}/backups/${id}/envelope.json` })
  await here.sandbox.s3().send(new DeleteObjectCommand(envelope(shredded)))
  await here.sandbox.s3().send(new PutObjectCommand({ ...envelope(exchanged), Body: 'of another generation' }))
  const { added, missing } = await take(here.b)
  expect(added).not.toContain(shredded)
  expect(added).not.toContain(exchanged)
  const reasons = new Map(missing.map(({ id, reason }) => [id, reason]))
  expect(reasons.get(shredded)).toMatch(/no envelope any more: it was shredded/)
  expect(reasons.get(exchanged)).toMatch(/keys were exchanged since. byok recover opens it/)
})

test('one of which data is gone is taken over and named; what an earlier attempt left beside it is no fault', async () => {
  const [cut, whole] = [await backUp(plant(), 'Cut'), await backUp(plant(), 'Whole')]
  await exportCatalog(here.a.context, undefined, actor)
  const { store } = await connectTo()
  const folder = (id: string) => `a/b/${here.a.environment}/backups/${id}/`
  const segments: { key: string; size: number }[] = []
  for await (const object of store.list(`${folder(cut)}segments/`)) segments.push(object)
  const [lost] = segments
  await store.delete([lost?.key ?? ''])
  await store.create(`${folder(whole)}segments/0/left`, Buffer.alloc(100))
  for (const dryRun of [true, false]) {
    const { added, missing, incomplete } = await take(here.b, dryRun)
    expect([...added].sort()).toEqual(expect.arrayContaining([cut, whole].sort()))
    expect(missing.filter(({ id }) => id === cut)).toEqual([])
    expect(incomplete).toEqual([
      { id: cut, reason: expect.stringMatching(/^.* were stored, and .* are in the bucket\.$/) },
    ])
  }
  // Known now, and looked at no more.
  expect((await take(here.b)).incomplete).toEqual([])
})

test('a database that was put back, to before the settings that the backups were made under', async () => {
  await here.a.save({ masterKey: here.keys[0], hosted: false, bucket, prefix: 'a/b/c' })
  const number = await here.a.newest()
  const source = plant()
  const id = await backUp(source, 'Younger than the database')
  const stored = await exportCatalog(here.a.context, undefined, actor)
  await here.a.db.backup.delete({ where: { id } })
  await here.a.db.$executeRaw`ALTER TABLE "environment_revision" DISABLE TRIGGER USER`
  await here.a.db.environmentRevision.delete({
    where: { environmentId_number: { environmentId: here.a.environment, number } },
  })
  await here.a.db.$executeRaw`ALTER TABLE "environment_revision" ENABLE TRIGGER USER`
  expect((await take(here.a, false, { prefix: 'a/b/c', time: stored.time })).added).toContain(id)
  expect(describeTree(await restored(here.a, id))).toEqual(describeTree(source))
})

test('another key, environment or time opens nothing, and neither does a moved or changed catalogue', async () => {
  const stored = await exportCatalog(here.a.context, undefined, actor)
  await expect(take(here.b, true, { keys: [here.keys[1]] })).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(/^The envelope .* names only keys that are not allowed here/),
  })
  await expect(take(here.b, true, { environment: randomUUID() })).rejects.toMatchObject({ code: 'not-found' })
  await expect(take(here.b, true, { time: '20200101T000000000Z' })).rejects.toMatchObject({ code: 'not-found' })
  await expect(take(here.b, true, { keys: 'none' })).rejects.toMatchObject({
    code: 'integrity',
    fix: expect.stringContaining('--key'),
  })

  // The same objects under another time, as somebody with the bucket could put them.
  const s3 = here.sandbox.s3()
  const folder = `a/b/${here.a.environment}/catalog/`
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder + stored.time }))
  expect(Contents).toHaveLength(2)
  const { store } = await connectTo()
  for (const { Key = '' } of Contents) {
    const body = await store.read(Key, 10_000_000)
    expect(Buffer.from(body).includes('Pins')).toBe(false)
    await store.create(Key.replace(stored.time, '20990101T000000000Z'), body)
  }
  await expect(take(here.b, true)).rejects.toMatchObject({ code: 'integrity' })
  await store.delete(Contents.map(({ Key = '' }) => Key.replace(stored.time, '20990101T000000000Z')))
  const name = `${folder}${stored.time}/catalog`
  const body = Buffer.from(await store.read(name, 10_000_000))
  const last = body.length - 20
  body[last] = (body[last] ?? 0) ^ 1
  await store.replace(name, body)
  await expect(take(here.b, true)).rejects.toMatchObject({ code: 'integrity' })
})

async function connectTo() {
  const { s3Store } = await import('#lib/storage/s3-store.ts')
  return { store: s3Store(here.sandbox.s3(), bucket) }
}
