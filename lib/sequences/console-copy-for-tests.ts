import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import type { SealHost } from '#lib/seal/open-seal.ts'

// What an administrator keeps of a console, and puts back: its database as it was at one moment, and the data folder's
// secrets. The database is copied by PostgreSQL itself, as whole as a dump and in a tenth of the time.

export interface ConsoleCopy {
  readonly database: string
  readonly secrets: string
  readonly sealHost: SealHost
}

let copies = 0

export async function copyConsole(url: string, sealHost: SealHost): Promise<ConsoleCopy> {
  copies += 1
  const database = `${nameOf(url)}_copy_${copies}`
  await administer(url, async (query) => {
    await copyDatabase(query, nameOf(url), database)
  })
  const secrets = mkdtempSync(path.join(tmpdir(), 'vault-secrets-'))
  cpSync(path.join(sealHost.dataDir, 'secrets'), secrets, { recursive: true })
  return { database, secrets, sealHost }
}

/** Nothing of the console may be under way. */
export async function putConsoleBack(url: string, { database, secrets, sealHost }: ConsoleCopy): Promise<void> {
  await administer(url, async (query) => {
    await query(`DROP DATABASE ${nameOf(url)} WITH (FORCE)`)
    await copyDatabase(query, database, nameOf(url))
  })
  const place = path.join(sealHost.dataDir, 'secrets')
  rmSync(place, { recursive: true })
  cpSync(secrets, place, { recursive: true })
}

export async function forgetCopy(url: string, { database, secrets }: ConsoleCopy): Promise<void> {
  await administer(url, (query) => query(`DROP DATABASE ${database}`))
  rmSync(secrets, { recursive: true })
}

type Query = (sql: string) => Promise<unknown>

const nameOf = (url: string) => new URL(url).pathname.slice(1)

async function administer(url: string, run: (query: Query) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href })
  await client.connect()
  try {
    await run((sql) => client.query(sql))
  } finally {
    await client.end()
  }
}

/** Whoever is connected is cut off, also who comes back before it has begun: of a database in use there is no copy. */
async function copyDatabase(query: Query, from: string, to: string): Promise<void> {
  for (;;) {
    await query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${from}'`)
    try {
      await query(`CREATE DATABASE ${to} TEMPLATE ${from}`)
      return
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== '55006') throw error
    }
  }
}
