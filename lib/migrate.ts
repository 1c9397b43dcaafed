import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, DriverAdapterError } from '@prisma/driver-adapter-utils'
import * as schemaEngine from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
import { mustHaveTlsFiles, ownSettings } from '#lib/database-line.ts'
import { mustKeepSessions } from '#lib/database-sessions.ts'
import { databaseTrouble } from '#lib/database-trouble.ts'
import { AppError } from '#lib/errors.ts'

// Prisma's native engine is a download; the same engine compiled to WebAssembly is a package. Its interface is
// Prisma's own business, so its version is pinned exactly and the tests beside this file are its contract.

const migrationsFolder = path.join(import.meta.dirname, '..', 'prisma', 'migrations')

/** Any number will do, as long as every console that shares a database uses the same. */
const migrationLock = 5_262_047

/**
 * Applies the migrations that the database does not have yet, and remembers them as `prisma migrate deploy` does.
 * Several at once wait for each other.
 * @returns the names of the migrations applied now
 * @throws AppError `invalid` as `mustHaveTlsFiles` and `mustKeepSessions`, `unreachable` when the database cannot be
 * reached, `unavailable` when a migration does not apply or the database is a newer console's
 */
export async function migrateDeploy(databaseUrl: string, folder = migrationsFolder): Promise<string[]> {
  const migrationDirectories = await readMigrations(folder)
  mustHaveTlsFiles(databaseUrl)
  const lock = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  // A lost connection also fails the next query; without a listener it would end the process first.
  lock.on('error', () => undefined)
  try {
    await lock.connect()
  } catch (cause) {
    const trouble = databaseTrouble(cause)
    const message = trouble?.message ?? `The console’s database cannot be reached: ${reasonOf(cause)}.`
    throw new AppError('unreachable', message, { cause, ...(trouble && { fix: trouble.fix }) })
  }
  try {
    await mustKeepSessions(databaseUrl)
    await lock.query('select pg_advisory_lock($1)', [migrationLock])
    await forgetUnfinished(lock)
    await refuseNewer(lock, migrationDirectories)
    return await applyMigrations(databaseUrl, folder, migrationDirectories)
  } finally {
    await lock.end()
  }
}

async function applyMigrations(
  databaseUrl: string,
  baseDir: string,
  migrationDirectories: schemaEngine.MigrationDirectory[],
): Promise<string[]> {
  const database = new MigrationPg(databaseUrl)
  try {
    const engine = await openSchemaEngine(database)
    try {
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: {
          baseDir,
          lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
          shadowDbInitScript: '',
          migrationDirectories,
        },
        filters: { externalTables: [], externalEnums: [] },
      })
      return appliedMigrationNames
    } finally {
      engine.free()
    }
  } catch (cause) {
    // The engine's own words: a reason, then a trace of its functions, one of which says which migration it was.
    const words = reasonOf(cause)
    const name = /migration_name="([^"]+)"/.exec(words)?.[1]
    const reason = database.scriptError ?? words.split(/\s+0: /)[0]
    throw new AppError('unavailable', `The database could not be migrated${name ? ` (${name})` : ''}: ${reason}.`, {
      cause,
    })
  } finally {
    await database.close()
  }
}

/**
 * The engine refuses to go on after a migration that did not finish, as a person may have to clean up. Here a script is
 * applied as a whole or not at all, so one that failed or was interrupted can simply be tried again.
 */
async function forgetUnfinished(client: pg.Client): Promise<void> {
  const { rows } = await client.query("select to_regclass('_prisma_migrations') as found")
  if (!rows[0]?.found) return
  await client.query(
    'update _prisma_migrations set rolled_back_at = now() where finished_at is null and rolled_back_at is null',
  )
}

/** The engine overlooks what it does not know, and an older console would work on tables that it does not understand. */
async function refuseNewer(client: pg.Client, known: schemaEngine.MigrationDirectory[]): Promise<void> {
  const { rows } = await client.query("select to_regclass('_prisma_migrations') as found")
  if (!rows[0]?.found) return
  const { rows: unknown } = await client.query<{ name: string }>(
    `select migration_name as name from _prisma_migrations
     where finished_at is not null and rolled_back_at is null and migration_name <> all ($1) order by 1 limit 1`,
    [known.map(({ path: name }) => name)],
  )
  if (!unknown[0]) return
  throw new AppError(
    'unavailable',
    `The database was last used by a newer version of the console: it has the migration ${unknown[0].name}, which this version does not know.`,
    { fix: 'Start that version, or a newer one. This one starts on a copy of the database from before the update.' },
  )
}

async function readMigrations(folder: string): Promise<schemaEngine.MigrationDirectory[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const value = await readFile(path.join(folder, name, 'migration.sql'), 'utf8')
      return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } } as const
    }),
  )
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message || ('code' in error ? String(error.code) : '') : String(error)
  return message.trim().replace(/\s*\n\s*/g, ' ')
}

let loaded: Promise<void> | undefined

/** Prisma's schema engine on a database, with the given Prisma schema files as `[path, text]`. The caller frees it. */
export async function openSchemaEngine(
  database: PrismaPg,
  datamodels?: [string, string][],
): Promise<schemaEngine.SchemaEngine> {
  loaded ??= loadWasm()
  await loaded
  return schemaEngine.SchemaEngine.new({ datamodels }, () => undefined, bindMigrationAwareSqlAdapterFactory(database))
}

async function loadWasm(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const bytes = await readFile(path.join(path.dirname(entry), 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...schemaEngine } })
  // The engine reports a panic's text to this global before it traps.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (text: string) => console.error(text) } })
  schemaEngine.__wbg_set_wasm(instance.exports)
  if (typeof instance.exports.__wbindgen_start === 'function') instance.exports.__wbindgen_start()
}

/** The adapter as migrations need it. To be closed: the engine's own lock is held until its connection ends. */
export class MigrationPg extends PrismaPg {
  readonly pool: pg.Pool
  /** Why the last script failed, in PostgreSQL's words. */
  scriptError: string | undefined

  constructor(databaseUrl: string) {
    const pool = new pg.Pool({
      connectionString: databaseUrl,
      // A script may think for long about a long table.
      onConnect: (client) => client.query(`${ownSettings}; SET statement_timeout = 0`),
    })
    super(pool)
    this.pool = pool
  }

  // The adapter's own executeScript splits at every semicolon, also inside a function's body or a text. Sent whole,
  // PostgreSQL runs a script as one transaction, so that a failed migration leaves nothing half-made.
  override async connect() {
    const adapter = await super.connect()
    adapter.executeScript = async (script) => {
      try {
        await this.pool.query(script)
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        this.scriptError = error.message
        const { code = 'N/A', severity = 'N/A', message, detail, column, hint } = error
        throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint })
      }
    }
    return adapter
  }

  close(): Promise<void> {
    return this.pool.end()
  }
}
