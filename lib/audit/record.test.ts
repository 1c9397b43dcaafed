import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { listAuditEvents } from './list-events.ts'
import { recordAudit } from './record.ts'
import { auditQuerySchema } from './schema.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('what somebody named can neither hide nor turn round what a row says, nor keep it from being written', async () => {
  await recordAudit(database.db, {
    actor: 'a@example.test',
    action: 'backup.download',
    outcome: 'success',
    subject: 'Backup 1:\n \u202egnp.x\u2069, a\u0000b, \u001b[2J, \u200b, größe 日本 👩‍💻 \ud800',
    changes: { paths: [null, 'one\ntwo\u202e\u0000\r\ud800'], error: ['', null] },
  })
  const { rows } = await listAuditEvents(database.db, auditQuerySchema.parse({}))
  expect(rows[0]?.subject).toBe(
    String.raw`Backup 1:\u000a \u202egnp.x\u2069, a\u0000b, \u001b[2J, \u200b, größe 日本 👩‍💻 ${'\ufffd'}`,
  )
  expect(rows[0]?.changes).toEqual({
    paths: [null, `one\n${String.raw`two\u202e\u0000\u000d`}\ufffd`],
    error: ['', null],
  })
})

test('who is found however the letters of an address are typed', async () => {
  const { db } = database
  for (const actor of ['somebody@example.test', 'an API token'])
    await recordAudit(db, { actor, action: 'auth.sign-in', outcome: 'refused', subject: actor })
  const found = async (actor: string) =>
    (await listAuditEvents(db, auditQuerySchema.parse({ actor }))).rows.map((row) => row.actor)
  expect(await found('Somebody@Example.test ')).toEqual(['somebody@example.test'])
  expect(await found('an API token')).toEqual(['an API token'])
  expect(await found('somebody')).toEqual([])
})
