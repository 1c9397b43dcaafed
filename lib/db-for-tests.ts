import { inject } from 'vitest'
import { createDb, type Db } from './db.ts'

export interface TestDatabase {
  readonly url: string
  readonly db: Db
  close(): Promise<void>
}

/** A database of its own in a real PostgreSQL (test-database-server.ts), with every migration applied, and the queues. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const url = await ask('POST')
  const db = createDb(url)
  // A copy has the template's; two consoles never have the same.
  await db.$executeRaw`update installation set id = gen_random_uuid()`
  await db.environment.deleteMany()
  await db.environment.create({ data: {} })
  return {
    url,
    db,
    async close() {
      await db.$disconnect()
      await ask('DELETE', new URL(url).pathname)
    },
  }
}

async function ask(method: 'POST' | 'DELETE', name = ''): Promise<string> {
  const answer = await fetch(inject('testDatabases') + name, { method })
  const words = await answer.text()
  if (!answer.ok) throw new Error(`No test database: ${words}`)
  return words
}
