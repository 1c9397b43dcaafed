import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { auditLog, rebuild } from './audit-log-for-tests.ts'
import { chainEnd } from './read-chain.ts'
import type { AuditVerdict } from './schema.ts'
import { signHead } from './sign-head.ts'
import { verifyAudit } from './verify-audit.ts'
import { viewAuditState } from './view-state.ts'

// Twelve events, their IDs with gaps, because transactions were rolled back; heads are signed of entry 5 and of entry 10.

const here = auditLog()
/** Lines of the log. */
const lines: unknown[] = []
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation((line: unknown) => void lines.push(JSON.parse(String(line))))
  await here.write(2)
  await here.owner(`SELECT nextval('audit_event_id_seq') FROM generate_series(1, 5)`)
  await here.write(3)
  await signHead(here.context)
  await here.write(5)
  await signHead(here.context)
  await here.write(2)
  await here.keep()
})
beforeEach(() => void lines.splice(0))
afterEach(() => here.putBack())

const last = 12
const newest = 10
/** The IDs of the events, by the numbers of their entries. */
const id = (number: number) => (number > 2 ? number + 5 : number)

test('a log that nobody touched is in order, and says since when and where it ends', async () => {
  const end = await chainEnd(here.db)
  const [first] = await here.owner(
    `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') AS at FROM audit_event ORDER BY id LIMIT 1`,
  )
  expect(await verifyAudit(here.context, [end, { ...end }])).toEqual({
    inOrder: String(last),
    since: expect.stringMatching(`^${first?.at}.*Z$`),
    head: { number: String(last), hash: end.hash },
    signed: { number: String(newest), at: expect.any(String) },
    fault: null,
  } satisfies AuditVerdict)
  expect(await viewAuditState(here.context)).toMatchObject({ entries: String(last), fault: null })
})

async function found(sql: string, outside: Parameters<typeof verifyAudit>[1] = []) {
  await here.tamper(sql)
  return verifyAudit(here.context, outside)
}

describe.each([1, 6, last])('of entry %i', (number) => {
  const where = `WHERE id = ${id(number)}`
  const before = String(number - 1)

  test.each([
    ['at', `at + interval '1 ms'`],
    ['at', `at - interval '4052 years'`],
    ['at', `'infinity'`],
    ['actor', `actor || ' '`],
    ['action', `'backup.finish'`],
    ['outcome', `'failed'`],
    ['subject', `replace(subject, 'Backup', 'backup')`],
    ['changes', `changes || '{"zone": ["a", "b"]}'`],
    ['changes', `changes - 'zone'`],
    ['address', `'203.0.113.9'`],
    ['address', `''`],
  ])('%s = %s is seen', async (column, value) => {
    expect(await found(`UPDATE audit_event SET ${column} = ${value} ${where}`)).toMatchObject({
      inOrder: before,
      fault: expect.stringMatching(`^Entry ${number}, ID ${id(number)} of .* was changed`),
    })
  })

  test('another ID, of the event alone and of its entry too', async () => {
    expect(await found(`UPDATE audit_event SET id = 999 ${where}`)).toMatchObject({
      inOrder: before,
      fault: `Entry ${number} was removed: its event, ID ${id(number)}, is not there any more.`,
    })
    await here.putBack()
    expect(
      await found(
        `UPDATE audit_event SET id = 999 ${where}; UPDATE audit_link SET "eventId" = 999 WHERE number = ${number}`,
      ),
    ).toMatchObject({ inOrder: before, fault: expect.stringMatching(`^Entry ${number}, ID 999 of .* was changed`) })
  })

  test('another hash', async () => {
    expect(await found(`UPDATE audit_link SET hash = sha256(hash) WHERE number = ${number}`)).toMatchObject({
      inOrder: before,
      fault: expect.stringMatching(`^Entry ${number}, .* was changed`),
    })
  })

  test('removed: the event, its entry, and both', async () => {
    expect((await found(`DELETE FROM audit_event ${where}`)).fault).toMatch(`Entry ${number} was removed: its event`)
    await here.putBack()
    const entry = `DELETE FROM audit_link WHERE number = ${number}`
    expect((await found(entry)).fault).toBe(
      number === last
        ? `The event with ID ${id(number)} was inserted: no entry of the chain is of it.`
        : `Entry ${number} was removed from the chain.`,
    )
    await here.putBack()
    // What nobody signed yet is gone without a trace: here the page, and the next signature, know of entry 10.
    expect((await found(`DELETE FROM audit_event ${where}; ${entry}`)).fault).toBe(
      number === last ? null : `Entry ${number} was removed from the chain.`,
    )
  })

  test('moved: its place exchanged with the next, in the chain and in the log', async () => {
    const other = number === last ? number - 1 : number + 1
    const [a, b] = number < other ? [number, other] : [other, number]
    const fault = `Entry ${a} was moved: the event in its place, ID ${id(b)}, belongs elsewhere, and the one with ID ${id(a)} belongs there.`
    const exchanged = await found(`
      UPDATE audit_link SET "eventId" = -1 WHERE number = ${a};
      UPDATE audit_link SET "eventId" = ${id(a)} WHERE number = ${b};
      UPDATE audit_link SET "eventId" = ${id(b)} WHERE number = ${a}`)
    expect(exchanged).toMatchObject({ inOrder: String(a - 1), fault })
    await here.putBack()
    const inLog = await found(`
      UPDATE audit_event SET id = -1 WHERE id = ${id(a)};
      UPDATE audit_event SET id = ${id(a)} WHERE id = ${id(b)};
      UPDATE audit_event SET id = ${id(b)} WHERE id = -1`)
    expect(inLog).toMatchObject({ inOrder: String(a - 1), fault: expect.stringContaining(`Entry ${a}, ID ${id(a)}`) })
  })
})

const forgery = (more = '') =>
  `INSERT INTO audit_event (id, actor, action, outcome, subject) VALUES (5, 'b', 'auth.sign-in', 'success', 'b')${more}`

test('inserted: without an entry, with one outside of the numbers, and between two', async () => {
  const inserted = 'The event with ID 5 was inserted: no entry of the chain is of it.'
  expect(await found(forgery())).toMatchObject({ inOrder: String(last), fault: inserted })
  await here.putBack()
  expect((await found(forgery(`; INSERT INTO audit_link VALUES (0, 5, '\\x00'), (-7, 6, '\\x00')`))).fault).toBe(
    inserted,
  )
  await here.putBack()
  const between = await found(
    forgery(`; UPDATE audit_link SET number = -number WHERE number > 2; UPDATE audit_link SET number = 1 - number WHERE number < 0;
      INSERT INTO audit_link SELECT 3, 5, audit_link_hash(hash, 3, (SELECT e FROM audit_event e WHERE id = 5)) FROM audit_link WHERE number = 2`),
  )
  expect(between).toMatchObject({ inOrder: '3', fault: expect.stringContaining(`Entry 4, ID ${id(3)} `) })
})

test('the end cut off, chain and all: a head that was signed or written down elsewhere knows of it', async () => {
  const end = await chainEnd(here.db)
  const cut = (from: number) =>
    `DELETE FROM audit_event WHERE id >= ${id(from)}; DELETE FROM audit_link WHERE number >= ${from}`
  expect(await found(cut(9))).toMatchObject({
    inOrder: '8',
    fault: expect.stringMatching(
      /^Entries 9 to 10 were removed from the end, or an older database was put back: a head was signed on /,
    ),
  })
  expect((await viewAuditState(here.context)).fault).toMatch(
    /^Entry 10 is not there any more, or an older database was put back: a head was signed on /,
  )
  await here.putBack()
  // With the newest head there is nothing left in the database that knows.
  const all = `${cut(9)}; DELETE FROM audit_head WHERE number > 8`
  expect((await found(all)).fault).toBeNull()
  expect((await verifyAudit(here.context, [end])).fault).toBe(
    'Entries 9 to 12 were removed from the end, or an older database was put back: a head was given of entry 12.',
  )
})

test('the whole chain made anew, without the key', async () => {
  const end = await chainEnd(here.db)
  const anew = (change: string) => `${change}; ${rebuild}`
  const eighth = `UPDATE audit_event SET subject = 'nothing' WHERE id = ${id(8)}`
  expect(await found(anew(eighth))).toMatchObject({
    inOrder: '9',
    fault: expect.stringMatching(
      /^Of the entries 6 to 10 some were written anew: a head was signed on .* of entry 10 with another hash\.$/,
    ),
  })
  expect((await viewAuditState(here.context)).fault).toMatch(/written anew/)
  await here.putBack()
  expect((await found(anew(`DELETE FROM audit_event WHERE id = ${id(3)}`))).fault).toMatch(
    /^Of the entries 1 to 5 some/,
  )
  await here.putBack()
  expect((await found(anew(`${eighth}; TRUNCATE audit_head`))).fault).toBeNull()
  expect((await verifyAudit(here.context, [end])).fault).toMatch(
    /^Of the entries 1 to 12 .* a head was given of entry 12/,
  )
})

test('a head that the console did not sign', async () => {
  for (const change of [
    `UPDATE audit_head SET hash = (SELECT hash FROM audit_link WHERE number = 4) WHERE number = 5`,
    `UPDATE audit_head SET "signedAt" = "signedAt" + interval '1 ms' WHERE number = 5`,
    `UPDATE audit_head SET signature = substr(signature, 2) WHERE number = 5`,
    `UPDATE audit_head SET number = 4 WHERE number = 5`,
    `UPDATE audit_head SET number = -number`,
    `${rebuild}; UPDATE audit_head h SET hash = l.hash, signature = sha256(l.hash) FROM audit_link l WHERE l.number = h.number`,
  ]) {
    expect((await found(change)).fault, change).toMatch(/^The signed head of entry (4|5|-10) was changed, or this/)
    await here.putBack()
  }
})

test('the key of the signatures changed: the log is gone through all the same, and nothing is signed', async () => {
  const where = `WHERE place = 'installation.audit-key'`
  await here.owner(`CREATE TABLE kept_key AS SELECT ciphertext FROM sealed_value ${where}`)
  await here.owner(
    `UPDATE sealed_value SET ciphertext = set_byte(ciphertext, 60, 1 - get_bit(ciphertext, 480)) ${where}`,
  )
  try {
    const fault = 'The key that signs the audit log was changed in the database, so that no signature can be checked.'
    expect(await verifyAudit(here.context)).toMatchObject({ inOrder: '4', fault })
    expect(await viewAuditState(here.context)).toMatchObject({ fault })
    await signHead(here.context)
    expect(await here.db.auditHead.count()).toBe(2)
    expect(await here.db.notice.deleteMany({ where: { detail: fault } })).toEqual({ count: 1 })
  } finally {
    await here.owner(`UPDATE sealed_value SET ciphertext = (SELECT ciphertext FROM kept_key) ${where}`)
  }
  await here.putBack()
  expect((await verifyAudit(here.context)).fault).toBeNull()
})

test('what is not in order is not signed, and administrators are told, once', async () => {
  await here.tamper(`UPDATE audit_event SET outcome = 'failed' WHERE id = ${id(11)}`)
  for (const _ of [1, 2]) await signHead(here.context)
  expect(await here.db.auditHead.count()).toBe(2)
  expect(lines).toMatchObject([
    { level: 'error', message: expect.stringContaining('Entry 11, ID 16') },
    { level: 'error' },
  ])
  expect(await here.db.notice.findMany()).toMatchObject([
    { actor: 'console', detail: expect.stringContaining('Entry 11') },
  ])
})

test('a process that signed remembers it: head and entries do not go together unseen', async () => {
  const signed = await signHead(here.context)
  const { hash } = await chainEnd(here.db)
  expect(signed).toMatchObject({ number: BigInt(last), hash })
  // Where the database does not reach: what byok audit verify --head takes.
  expect(lines).toMatchObject([{ level: 'info', part: 'audit', head: `12:${hash}` }])
  await here.tamper(
    `DELETE FROM audit_event WHERE id > ${id(9)}; DELETE FROM audit_link WHERE number > 9; DELETE FROM audit_head WHERE number > 9`,
  )
  // Told once, however the end moves meanwhile.
  await here.db.notice.deleteMany()
  for (const _ of [1, 2]) {
    expect(await signHead(here.context, signed)).toBe(signed)
    await here.write(1)
  }
  expect(lines[1]).toMatchObject({ level: 'error', message: expect.stringContaining('Entry 12 is not there any more') })
  expect(await here.db.notice.count()).toBe(1)
  expect(await here.db.auditHead.count({ where: { number: { gt: 9 } } })).toBe(0)
})
