import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { LostClaim } from '#lib/jobs/attempt.ts'
import { databaseJournal } from './database-journal.ts'
import type { Part } from './manifest.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

let id: string
beforeEach(async () => {
  const { id: environmentId } = await database.db.environment.findFirstOrThrow()
  const place = { region: 'us-east-1', bucket: 'bucket', prefix: '', method: 'AES-256', keyIds: [] }
  const row = { name: '', source: '/data', revision: 1, state: 'running', attempt: 2, createdBy: 'x' } as const
  id = (await database.db.backup.create({ data: { environmentId, ...place, ...row } })).id
})

const part = (index: number, attempt: number): Part => ({
  place: { kind: 'segment', attempt, index },
  size: 5_000_000_000,
  sha256: 'ab'.repeat(32),
  length: 16,
})

test('gives back what was added; a part takes the place of an earlier one', async () => {
  const journal = databaseJournal(database.db, { id, attempt: 2 })
  await journal.add([part(0, 1), part(1, 1)])
  await journal.add([part(1, 2)], { segments: 2, sealed: Buffer.from('two') })
  await journal.add([], { segments: 1, sealed: Buffer.from('one') })
  const { parts, checkpoints } = await journal.read()
  expect([...parts].sort((a, b) => a.place.index - b.place.index)).toEqual([part(0, 1), part(1, 2)])
  expect(checkpoints.map(({ segments, sealed }) => [segments, Buffer.from(sealed).toString()])).toEqual([
    [1, 'one'],
    [2, 'two'],
  ])
  await journal.clear()
  expect(await journal.read()).toEqual({ parts: [], checkpoints: [] })
})

test('a long one comes back whole and in order, page after page', async () => {
  // More than two pages of each kind, one of them full, and of checkpoints two full ones.
  const counts = { entries: 5000, segment: 10_001, checkpoints: 200 }
  for (const kind of ['segment', 'entries'] as const)
    await database.db.$executeRaw`
      INSERT INTO backup_part ("backupId", kind, index, attempt, size, sha256, length)
      SELECT ${id}::uuid, ${kind}, n, 2, n, repeat('ab', 32), 16 FROM generate_series(0, ${counts[kind]} - 1) AS n
      ORDER BY random()`
  await database.db.$executeRaw`
    INSERT INTO backup_checkpoint ("backupId", segments, sealed)
    SELECT ${id}::uuid, n, '\\x00'::bytea FROM generate_series(1, ${counts.checkpoints}) AS n ORDER BY random()`
  const { parts, checkpoints } = await databaseJournal(database.db, { id, attempt: 2 }).read()
  const places = parts.map(({ place, size }) => `${place.kind} ${place.index} ${size}`)
  const upTo = (length: number) => Array.from({ length }, (_, index) => index)
  expect(places).toEqual([
    ...upTo(counts.entries).map((index) => `entries ${index} ${index}`),
    ...upTo(counts.segment).map((index) => `segment ${index} ${index}`),
  ])
  expect(checkpoints.map(({ segments }) => segments)).toEqual(upTo(counts.checkpoints).map((index) => index + 1))
})

test('is closed to an attempt that the row is not on any more, and to a row that does not run', async () => {
  const journal = databaseJournal(database.db, { id, attempt: 2 })
  for (const data of [{ attempt: 3 }, { attempt: 2, state: 'cancelled' as const }]) {
    await database.db.backup.update({ where: { id }, data })
    await expect(journal.add([part(0, 2)])).rejects.toThrow(LostClaim)
    await expect(journal.clear()).rejects.toThrow(LostClaim)
  }
  expect((await journal.read()).parts).toEqual([])
})
