import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, DriverAdapterError } from '@prisma/driver-adapter-utils'
import * as schemaEngine from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
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
 * @throws AppError `unreachable` when the database cannot be reached, `unavailable` when a migration does not apply
 */
export async function migrateDeploy(databaseUrl: string, folder = migrationsFolder): Promise<string[]> {
  const migrationDirectories = await readMigrations(folder)
  const lock = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  // A lost connection also fails the next query; without a listener it would end the process first.
  lock.on('error', () => undefined)
  try {
    await lock.connect()
  } catch (cause) {
    throw new AppError('unreachable', `The database cannot be reached: ${reasonOf(cause)}.`, { cause })
  }
  try {
    await lock.query('select pg_advisory_lock($1)', [migrationLock])
    const engine = await openSchemaEngine(new MigrationPg(databaseUrl))
    try {
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: {
          baseDir: folder,
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
    if (cause instanceof AppError) throw cause
    throw new AppError('unavailable', `The database could not be migrated: ${reasonOf(cause)}`, { cause })
  } finally {
    await lock.end()
  }
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

/** The engine's messages go on about commands that a person who runs the console does not have: the first lines are enough. */
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

/** The adapter as migrations need it. */
export class MigrationPg extends PrismaPg {
  readonly #url: string

  constructor(databaseUrl: string) {
    super({ connectionString: databaseUrl, Client: CharAsTextClient })
    this.#url = databaseUrl
  }

  // The adapter's own executeScript splits at every semicolon, also inside a function's body or a text. Sent whole,
  // PostgreSQL runs a script as one transaction, so that a failed migration leaves nothing half-made.
  override async connect() {
    const adapter = await super.connect()
    adapter.executeScript = async (script) => {
      try {
        await adapter.underlyingDriver().query(script)
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        const { code = 'N/A', severity = 'N/A', message, detail, column, hint } = error
        throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint })
      }
    }
    return adapter
  }

  // The adapter's own drops the shadow database while its pool is still connected to it.
  override async connectToShadowDb() {
    const main = await this.connect()
    const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
    await main.executeScript(`CREATE DATABASE "${name}"`)
    const url = new URL(this.#url)
    url.pathname = `/${name}`
    const shadow = await new MigrationPg(url.href).connect()
    const disconnect = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await disconnect()
      await main.executeScript(`DROP DATABASE "${name}"`)
      await main.dispose()
    }
    return shadow
  }
}

const charType = 18
const textType = 25

/** The adapter refuses the type `"char"`, of which PostgreSQL's catalogue, and so the engine's introspection, is full. */
class CharAsTextClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg's query has eleven overloads, and this one passes all of them on
  override query(...args: any[]): any {
    const answer: unknown = Reflect.apply(super.query, this, args)
    return answer instanceof Promise ? answer.then(charAsText) : answer
  }
}

function charAsText<T>(result: T): T {
  if (result && typeof result === 'object' && 'fields' in result && Array.isArray(result.fields)) {
    for (const field of result.fields) if (field.dataTypeID === charType) field.dataTypeID = textType
  }
  return result
}
