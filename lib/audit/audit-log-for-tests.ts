import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { unseal } from '#lib/seal/unseal.ts'
import type { AuditContext } from './audit-key.ts'
import { recordAudit } from './record.ts'

const tables = ['audit_event', 'audit_link', 'audit_head']
const triggers = (state: 'ENABLE' | 'DISABLE') =>
  tables.map((name) => `ALTER TABLE ${name} ${state} TRIGGER USER;`).join('')

/** For the tests of one file: a database with an audit log, and what somebody does to it who owns it. */
export function auditLog() {
  let database: TestDatabase
  let context: AuditContext
  let folder: string
  let client: pg.Client
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'vault-audit-'))
    database = await openTestDatabase()
    const { db } = database
    const { id: installation } = await db.installation.findFirstOrThrow()
    const own = { credentials: { variables: {} }, endpoint: undefined }
    const host = { dataDir: folder, configFile: undefined, variables: {}, own }
    context = { db, installation, seal: (await unseal({ db, installation }, host)).keyring }
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database.close()
    rmSync(folder, { recursive: true })
  })
  return {
    // From the first test on.
    get database() {
      return database
    },
    get db() {
      return database.db
    },
    /** The data folder. */
    get folder() {
      return folder
    },
    get context() {
      return context
    },
    /** Whoever may do everything in the database. */
    owner: async (sql: string) => (await client.query(sql)).rows,
    /** The same where no trigger keeps them from it. */
    tamper: (sql: string) => client.query(`BEGIN; ${triggers('DISABLE')} ${sql}; ${triggers('ENABLE')} COMMIT`),
    async write(count: number): Promise<void> {
      for (let number = 1; number <= count; number += 1)
        await recordAudit(database.db, {
          actor: number % 2 ? 'a@example.test' : 'command line',
          action: 'backup.start',
          outcome: 'success',
          subject: `Backup ${number} of “größe”\n\u0007`,
          changes: { paths: [null, `/srv/"${number}"`], zone: ['a', null], '7': ['b', 'c'] },
        })
    },
    /** So that each way of tampering begins with the same log. */
    keep: () => client.query(tables.map((name) => `CREATE TABLE kept_${name} AS TABLE ${name};`).join('')),
    putBack: () =>
      client.query(
        `BEGIN; ${triggers('DISABLE')} TRUNCATE ${tables.join()};
         ${tables.map((name) => `INSERT INTO ${name} TABLE kept_${name};`).join('')} ${triggers('ENABLE')} COMMIT`,
      ),
  }
}

/** What somebody runs who changed a row and knows how the chain is made: all hashes anew. */
export const rebuild = `
  TRUNCATE audit_link;
  DO $$
  DECLARE event audit_event; last bigint := 0; before bytea := decode(repeat('00', 32), 'hex');
  BEGIN
    FOR event IN SELECT * FROM audit_event ORDER BY id LOOP
      last := last + 1;
      before := audit_link_hash(before, last, event);
      INSERT INTO audit_link VALUES (last, event.id, before);
    END LOOP;
  END $$`
