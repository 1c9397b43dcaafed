import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { migrateDeploy } from '#lib/migrate.ts'
import { startEmbeddedPostgres } from '#lib/supervisor/embedded-postgres.ts'
import { createDb, type Db } from './db.ts'

export interface TestDatabase {
  readonly url: string
  readonly db: Db
  close(): Promise<void>
}

/** A real PostgreSQL of its own with every migration applied: about a second, so one for a test file. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vault-db-'))
  const server = await startEmbeddedPostgres(folder)
  await migrateDeploy(server.url)
  const db = createDb(server.url)
  return {
    url: server.url,
    db,
    async close() {
      await db.$disconnect()
      await server.stop()
      await rm(folder, { recursive: true })
    },
  }
}
