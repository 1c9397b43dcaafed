import { readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import type { TestConsole } from './console.ts'
import { expect } from './fixtures.ts'

/** In the console’s database, for what no page makes. */
export async function query<R extends pg.QueryResultRow>(
  { dataDir }: TestConsole,
  text: string,
  values: unknown[] = [],
) {
  const { databaseUrl } = JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8'))
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query<R>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** By `byok user add`. */
export async function add(console: TestConsole, name: string, role: string) {
  const person = { email: `${name}@example.test`, password: `seven-umbrellas-of-${name}` }
  const added = await console.byok(['user', 'add', person.email, '--role', role], { input: `${person.password}\n` })
  expect(added.code, added.stderr).toBe(0)
  return person
}

/** Of what somebody was refused, by the audit log. */
export const refusals = (console: TestConsole, email: string) =>
  query<{ subject: string }>(
    console,
    `SELECT DISTINCT subject FROM audit_event WHERE action = 'access.refused' AND actor = $1 ORDER BY subject`,
    [email],
  )
