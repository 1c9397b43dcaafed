#!/usr/bin/env node
// What the prisma command runs in place of its native schema engine, which is a download. The same arguments, the
// same JSON-RPC on standard input and output; the work is done by the engine of lib/migrate.ts.
// For developers only (prisma.config.ts names this file): the console itself calls migrateDeploy.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { MigrationPg, openSchemaEngine } from '../lib/migrate.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datamodels: { type: 'string', multiple: true },
    datasource: { type: 'string' },
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
    version: { type: 'boolean' },
  },
})
const url = JSON.parse(options.datasource ?? '{}').url ?? process.env.DATABASE_URL

/** `can-connect-to-database` and `create-database`. */
async function runCommand(command) {
  const target = new URL(url)
  const name = decodeURIComponent(target.pathname.slice(1)) || 'postgres'
  if (command === 'create-database') target.pathname = '/postgres'
  const client = new pg.Client({ connectionString: target.href })
  try {
    await client.connect()
    if (command === 'create-database') await client.query(`create database ${pg.escapeIdentifier(name)}`)
    return 0
  } catch (error) {
    const prismaCode = { '3D000': 'P1003', '28P01': 'P1000' }[error.code] ?? 'P1001'
    const fields = { message: error.message || error.code, error_code: prismaCode }
    const line = { timestamp: new Date(), level: 'ERROR', target: 'schema_engine::logger', fields }
    // The prisma command skips the first line that it reads here.
    process.stderr.write(`\n${JSON.stringify(line)}\n`)
    return 1
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function serve() {
  const datamodels = options.datamodels?.map((file) => [file, readFileSync(file, 'utf8')])
  const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  let engine
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue
    const { id, method, params } = JSON.parse(line)
    // Anything else is the prisma command's answer to a `print` of ours.
    if (!method) continue
    try {
      engine ??= await openSchemaEngine(url ? new DeveloperPg(url) : new NoDatabase(), datamodels)
      const result = await answer(engine, method, params)
      if (method === 'diff' && result?.stdout) {
        send({ id: 1_000_000 + id, method: 'print', params: { content: result.stdout.replace(/\n$/, '') } })
      }
      send({ id, result: result ?? {} })
    } catch (error) {
      const { message = String(error), code, meta } = error
      send({ id, error: { code: 4466, message, data: { is_panic: false, message, error_code: code, meta } } })
    }
  }
  process.exit()
}

/** The adapter, with what the prisma command asks of it beyond migrateDeploy. */
class DeveloperPg extends MigrationPg {
  constructor(databaseUrl) {
    super(databaseUrl)
    this.url = databaseUrl
    const query = this.pool.query.bind(this.pool)
    this.pool.query = async (...args) => hideChars(await query(...args))
  }

  async connect() {
    const adapter = await super.connect()
    const { queryRaw } = adapter
    adapter.queryRaw = async (query) => {
      const result = await queryRaw.call(adapter, query)
      for (const index of charColumns.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character
      return result
    }
    return adapter
  }

  // The adapter's own drops the shadow database while its pool is still connected to it.
  async connectToShadowDb() {
    const main = await this.connect()
    const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
    await main.executeScript(`create database "${name}"`)
    const address = new URL(this.url)
    address.pathname = `/${name}`
    const database = new DeveloperPg(address.href)
    const shadow = await database.connect()
    shadow.dispose = async () => {
      await database.close()
      await main.executeScript(`drop database "${name}"`)
    }
    return shadow
  }
}

const charType = 18
const textType = 25
/** Rows of a result -> the columns that are of the type `"char"`. */
const charColumns = new WeakMap()

/** The adapter refuses the type `"char"`, of which PostgreSQL's catalogue, and so the engine's introspection, is full. */
function hideChars(result) {
  const isChar = (field) => field.dataTypeID === charType
  const indexes = result.fields?.flatMap((field, index) => (isChar(field) ? [index] : []))
  for (const index of indexes ?? []) result.fields[index].dataTypeID = textType
  if (indexes?.length) charColumns.set(result.rows, indexes)
  return result
}

/**
 * For `migrate diff` between schema files, which needs no database: the engine still connects, to ask this one
 * question (does the schema exist, which server is this).
 */
class NoDatabase extends MigrationPg {
  constructor() {
    super('postgresql://127.0.0.1:1/none')
  }

  async connect() {
    const adapter = await super.connect()
    const { queryRaw } = adapter
    adapter.queryRaw = (query) =>
      query.sql.includes('server_version_num') ? serverAnswer : queryRaw.call(adapter, query)
    return adapter
  }
}

const serverAnswer = {
  columnNames: ['exists', 'version', 'numeric_version'],
  columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
  rows: [[true, 'PostgreSQL 18.4', 180_004]],
}

function answer(engine, method, params) {
  if (method === 'createDatabase') return { databaseName: '' }
  if (method === 'getDatabaseVersion') return engine.version(params)
  return engine[method](params)
}

if (options.version) console.log('schema-engine-wasm')
else if (positionals[0] === 'cli') process.exitCode = await runCommand(positionals[1])
else await serve()
