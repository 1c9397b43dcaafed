import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { writeKit } from './write-kit.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'write-kit-'))
const at = (name: string) => path.join(folder, name)
const by = 'administrator@example.test'
let here: TestDatabase
beforeAll(async () => {
  here = await openTestDatabase()
})
afterAll(async () => {
  await here.close()
  rmSync(folder, { recursive: true })
})

const told = async () =>
  (await here.db.auditEvent.findMany({ where: { action: 'seal.recovery-kit' }, orderBy: { id: 'asc' } })).map(
    ({ actor, outcome, subject }) => [actor, outcome, subject],
  )

test('the audit log tells of a kit that was written, and of none that was not', async () => {
  await expect(writeKit(here.db, at('no/where'), 'kit', by)).rejects.toThrow('The kit could not be written')
  writeFileSync(at('taken'), 'something else')
  await expect(writeKit(here.db, at('taken'), 'kit', by)).rejects.toThrow('already exists')
  expect(readFileSync(at('taken'), 'utf8')).toBe('something else')
  expect(await told()).toEqual([])
  await writeKit(here.db, at('kit'), 'kit', by)
  expect(readFileSync(at('kit'), 'utf8')).toBe('kit')
  expect(statSync(at('kit')).mode & 0o777).toBe(0o600)
  expect(await told()).toEqual([[by, 'success', at('kit')]])
})

test('a kit whose audit row cannot be kept is not left there', async () => {
  await here.db.$executeRaw`
    CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$`
  await here.db.$executeRaw`
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_row()`
  const before = await told()
  await expect(writeKit(here.db, at('unknown'), 'kit', by)).rejects.toThrow('refused at commit')
  expect(existsSync(at('unknown'))).toBe(false)
  expect(await told()).toEqual(before)
})
