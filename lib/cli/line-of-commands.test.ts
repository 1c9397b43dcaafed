import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { addUser } from '#lib/auth/add-user.ts'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { shareSandbox } from '#lib/backup/workers-for-tests.ts'
import { impatient, patient } from '#lib/database-line.ts'
import { byok } from './byok-for-tests.ts'

// What may take long in the process of a command waits for the database as jobs do; all else gives up while somebody still
// looks at it. The database itself writes down how long whoever writes to the audit log waits for a statement.

const here = gatedConsole()
const person = { email: 'administrator@example.test', name: 'A', password: 'correct horse battery' }
let backup: string
beforeAll(async () => {
  await here.save({ masterKey: here.key('backups') })
  shareSandbox(here, here.sandbox)
  await addUser(here.db, { ...person, role: 'administrator' }, 'command line')
  backup = await here.complete(here.makeSource('one'))
  await here.db.$executeRaw`CREATE TABLE line_seen (action text, patience text)`
  await here.db.$executeRaw`
    CREATE FUNCTION see_line() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO line_seen VALUES (NEW.action, current_setting('statement_timeout')); RETURN NEW; END $$`
  await here.db
    .$executeRaw`CREATE TRIGGER see_line AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION see_line()`
})

const waits = ({ silentMs }: typeof patient) => Math.floor(silentMs * 0.9)
const inMs = (text: string) =>
  Number.parseInt(text, 10) * (text.endsWith('ms') ? 1 : text.endsWith('min') ? 60_000 : 1000)

/** How long each command waited, by what it wrote into the audit log. */
async function patienceOf(args: readonly string[], input = ''): Promise<Record<string, number>> {
  await here.db.$executeRaw`TRUNCATE line_seen`
  const env = { DATABASE_URL: here.url, VAULT_DATA_DIR: here.context.dataDir }
  const { code, stderr } = await byok(args, { env, input })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const seen = await here.db.$queryRaw<{ action: string; patience: string }[]>`SELECT * FROM line_seen`
  return Object.fromEntries(seen.map(({ action, patience }) => [action, inMs(patience)]))
}

test.each<[action: string, args: () => readonly string[], input: string]>([
  ['backup.start', () => ['backup', 'create', '-', '--name', 'dump'], 'bytes'],
  ['catalog.export', () => ['catalog', 'export'], ''],
  [
    'shred.request',
    () => ['backup', 'shred', 'start', backup, '--user', person.email, '--yes', 'one'],
    `${person.password}\n`,
  ],
])('%s waits as jobs do', async (action, args, input) => {
  const patience = await patienceOf(args(), input)
  expect(patience[action]).toBe(waits(patient))
})

test.each<[action: string, args: () => readonly string[], input: string]>([
  ['environment.save', () => ['environment', 'apply', settingsFile(), '--yes'], ''],
  ['token.create', () => ['token', 'create', '--name', 'a', '--scope', 'backup:read', '--user', person.email], ''],
  ['user.add', () => ['user', 'add', 'viewer@example.test', '--role', 'viewer'], 'another horse battery\n'],
  ['schedule.add', () => ['backup', 'schedule', 'add', here.makeSource('daily'), '--daily'], ''],
])('%s is done in a moment, and gives up soon', async (action, args, input) => {
  const patience = await patienceOf(args(), input)
  expect(patience[action]).toBe(waits(impatient))
})

test('the two can be told apart', () => {
  expect(waits(impatient)).toBeLessThan(waits(patient))
})

function settingsFile(): string {
  const file = path.join(here.folder, 'environment.json')
  writeFileSync(file, JSON.stringify({ region: 'us-east-1', masterKey: here.key('archive') }))
  return file
}
