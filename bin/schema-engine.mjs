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
      engine ??= await openSchemaEngine(url ? new MigrationPg(url) : new NoDatabase(), datamodels)
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

/**
 * For `migrate diff` between schema files, which needs no database: the engine still connects, to ask this one
 * question (which schema exists, which server is this).
 */
class NoDatabase extends MigrationPg {
  constructor() {
    super('postgresql://127.0.0.1:1/none')
  }

  async connect() {
    const adapter = await super.connect()
    const { queryRaw } = adapter
    adapter.queryRaw = (query) =>
      query.sql.includes('server_version_num')
        ? {
            columnNames: ['exists', 'version', 'numeric_version'],
            columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
            rows: [[true, 'PostgreSQL 18.4', 180_004]],
          }
        : queryRaw.call(adapter, query)
    return adapter
  }
}

function answer(engine, method, params) {
  if (method === 'createDatabase') return { databaseName: '' }
  if (method === 'getDatabaseVersion') return engine.version(params)
  return engine[method](params)
}

if (options.version) console.log('schema-engine-wasm')
else if (positionals[0] === 'cli') process.exitCode = await runCommand(positionals[1])
else await serve()
