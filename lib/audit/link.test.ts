import { createHash } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { changeRole } from '#lib/auth/change-role.ts'
import { peopleOf } from '#lib/auth/people-for-tests.ts'
import { createDb } from '#lib/db.ts'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { messageOf } from '#lib/errors.ts'
import { enqueue, openQueue } from '#lib/jobs/queue.ts'
import { auditLog } from './audit-log-for-tests.ts'
import { type AuditEntry, recordAudit } from './record.ts'
import { verifyAudit } from './verify-audit.ts'

const here = auditLog()
const entry = (subject: string): AuditEntry => ({
  actor: 'a@example.test',
  action: 'key.check',
  outcome: 'success',
  subject,
})
const inOrder = async () => {
  const { inOrder: count, fault } = await verifyAudit(here.context)
  return { count: Number(count), fault }
}

test('what is hashed is what docs/audit.md says, whatever is in an event', async () => {
  const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed().replaceAll('\0', ''))
  const before =
    (await here.owner('SELECT hash FROM audit_link ORDER BY number DESC LIMIT 1'))[0]?.hash ?? Buffer.alloc(32)
  const values = fc.sample(
    fc.record({
      subject: text,
      address: fc.option(text),
      changes: fc.dictionary(text, fc.tuple(fc.option(text), text)),
    }),
    200,
  )
  for (const value of values) await here.db.auditEvent.create({ data: { ...entry(value.subject), ...value } })
  const rows = await here.owner(
    `SELECT number, hash, e.*, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') AS time, changes::text AS json
     FROM audit_link JOIN audit_event e ON e.id = "eventId" ORDER BY number`,
  )
  let previous: Buffer = before
  for (const { number, id, time, actor, address, action, outcome, subject, json, hash } of rows) {
    const parts = [`${time.replace(/\.?0*$/, '')}Z`, actor, address, action, outcome, subject].map((one) =>
      JSON.stringify(one),
    )
    const line = `[${number}, ${id}, ${parts.join(', ')}, ${json}]`
    const expected = createHash('sha256').update(previous).update(line).digest()
    expect(expected.equals(hash), line).toBe(true)
    previous = hash
  }
  expect(await inOrder()).toEqual({ count: 200, fault: null })
})

test('a transaction that is rolled back leaves no gap, nor does a part of one', async () => {
  const { count } = await inOrder()
  const undone = new Error('undone')
  const rolledBack = here.db.$transaction(async (tx) => {
    await recordAudit(tx, entry('never'))
    throw undone
  })
  await expect(rolledBack).rejects.toBe(undone)
  await here.owner(`
    BEGIN;
    INSERT INTO audit_event (actor, action, outcome, subject) VALUES ('a', 'key.check', 'success', '1');
    SAVEPOINT s;
    INSERT INTO audit_event (actor, action, outcome, subject) VALUES ('a', 'key.check', 'success', 'never');
    ROLLBACK TO s;
    INSERT INTO audit_event (actor, action, outcome, subject) VALUES ('a', 'key.check', 'success', '2');
    COMMIT`)
  expect(await inOrder()).toEqual({ count: count + 2, fault: null })
})

test('fifty at once, which lock other rows before and after: all are there, in order, and none waits for ever', async () => {
  const { count } = await inOrder()
  const db = createDb(here.database.url)
  onTestFinished(() => db.$disconnect())
  await db.rateLimit.create({ data: { id: 'a', key: 'a', count: 0, lastRequest: 0n } })
  const writers = Array.from({ length: 50 }, (_, number) =>
    db.$transaction(async (tx) => {
      const work = [
        () => recordAudit(tx, entry(`writer ${number}`)),
        () => tx.rateLimit.update({ where: { key: 'a' }, data: { count: { increment: 1 } } }),
      ]
      for (const step of number % 2 ? work : work.reverse()) await step()
    }),
  )
  await Promise.all(writers)
  expect(await inOrder()).toEqual({ count: count + 50, fault: null })
})

test('no setting of a session, and no other database that it is carried to, changes a hash', async () => {
  const other = await openTestDatabase()
  onTestFinished(() => other.close())
  const name = new URL(other.url).pathname.slice(1)
  for (const setting of [
    `TimeZone = 'Asia/Kolkata'`,
    `DateStyle = 'German, DMY'`,
    `extra_float_digits = 0`,
    `IntervalStyle = 'iso_8601'`,
    `bytea_output = 'escape'`,
  ])
    await other.db.$executeRawUnsafe(`ALTER DATABASE ${name} SET ${setting}`)
  const db = createDb(other.url)
  onTestFinished(() => db.$disconnect())
  const client = new pg.Client({ connectionString: other.url })
  await client.connect()
  onTestFinished(() => client.end())
  expect((await client.query('SHOW DateStyle')).rows).toEqual([{ DateStyle: 'German, DMY' }])
  // As pg_restore does: rows first, triggers afterwards.
  await db.$executeRaw`ALTER TABLE audit_event DISABLE TRIGGER USER`
  for (const table of ['audit_event', 'audit_link']) {
    const [rows] = await here.owner(`SELECT json_agg(t)::text AS json FROM ${table} t`)
    await db.$executeRawUnsafe(
      `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1::json)`,
      rows?.json,
    )
  }
  await db.$executeRaw`ALTER TABLE audit_event ENABLE TRIGGER USER`
  await db.$executeRaw`SELECT setval('audit_event_id_seq', (SELECT max(id) FROM audit_event))`
  await client.query(
    `INSERT INTO audit_event (actor, action, outcome, subject) VALUES ('a', 'key.check', 'success', 'there')`,
  )
  const { count } = await inOrder()
  expect(await verifyAudit({ ...here.context, db })).toMatchObject({ inOrder: String(count + 1), fault: null })
  expect(await verifyAudit({ ...here.context, db: other.db })).toMatchObject({
    inOrder: String(count + 1),
    fault: null,
  })
})

test('what cannot be written into the log does not happen: with the event goes the change, and the job', async () => {
  const before = await inOrder()
  const people = peopleOf(here.database)
  const [by, person] = [await people.add('administrator'), await people.add('operator')]
  const jobs = await openQueue(here.database.url)
  onTestFinished(() => jobs.stop({ graceful: false }))
  const queued = async () => (await here.owner('SELECT count(*)::int AS count FROM pgboss.job'))[0]
  const jobsBefore = await queued()
  // Not before all is committed: everything until then has gone well.
  await here.owner(`
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON audit_link FOR EACH ROW EXECUTE FUNCTION full_disk()`)
  const alone = await recordAudit(here.db, entry('alone')).catch((error: unknown) => error)
  const role = await changeRole(here.db, { email: person.email }, 'viewer', by).catch((error: unknown) => error)
  const job = await here.db
    .$transaction(async (tx) => {
      await recordAudit(tx, entry('with a job'))
      await enqueue(jobs, tx, 'clean-up', '0198f4a2-0000-7000-8000-000000000000')
    })
    .catch((error: unknown) => error)
  await here.owner('DROP TRIGGER full_disk ON audit_link')
  for (const error of [alone, role, job])
    expect(messageOf(error)).toMatch(/^The disk of the console’s database is full\. /)
  expect(await here.db.user.findUniqueOrThrow({ where: { id: person.id } })).toMatchObject({ role: 'operator' })
  expect(await queued()).toEqual(jobsBefore)
  // And the connections go on as if nothing had been.
  await changeRole(here.db, { email: person.email }, 'viewer', by)
  expect(await inOrder()).toEqual({ count: before.count + 1, fault: null })
})
