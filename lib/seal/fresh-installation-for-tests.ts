import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'

/** For the tests of one file: before each a database and a data folder that no console has used yet. */
export function freshInstallation() {
  let database: TestDatabase
  let installation: string
  let folder: string
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'vault-seal-'))
    database = await openTestDatabase()
    installation = (await database.db.installation.findFirstOrThrow()).id
  })
  afterEach(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  return {
    get db() {
      return database.db
    },
    get installation() {
      return installation
    },
    /** The data folder. */
    get folder() {
      return folder
    },
    /** What the local seal keeps in it. */
    secret: (name: string) => path.join(folder, 'secrets', name),
  }
}
