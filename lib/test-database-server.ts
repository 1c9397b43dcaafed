import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { installQueues } from '#lib/jobs/queue.ts'
import { migrateDeploy } from '#lib/migrate.ts'
import { prepareEmbeddedPostgres } from '#lib/supervisor/embedded-postgres.ts'
import { identify } from '#lib/supervisor/process-identity.ts'

// One PostgreSQL for a whole run of Vitest, started when a test first asks for a database. Each gets one of its own,
// copied from a template with every migration applied: 50 ms instead of a second and a half. The server belongs to
// Vitest's main process, because it ends with the process that started it.

declare module 'vitest' {
  interface ProvidedContext {
    /** `POST` makes a database and answers with its URL; `DELETE /NAME` drops it. */
    testDatabases: string
  }
}

const prefix = 'vault-test-databases-'
const template = 'migrated'

// What is lost when the machine loses power, nobody misses.
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  // Several files at once, each with pools of its own.
  max_connections: '200',
}

interface TestServer {
  make(): Promise<string>
  drop(name: string): Promise<void>
  stop(): Promise<void>
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<TestServer> | undefined
  const door = createServer(async (request, response) => {
    try {
      server ??= start()
      const { make, drop } = await server
      response.end(request.method === 'DELETE' ? await drop(request.url?.slice(1) ?? '') : await make())
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  project.provide('testDatabases', addressOf(door))
  return async () => {
    door.close()
    door.closeAllConnections()
    await (await server)?.stop()
  }
}

function addressOf(door: Server): string {
  const address = door.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return `http://127.0.0.1:${address.port}`
}

async function start(): Promise<TestServer> {
  await removeLeftovers()
  const folder = await mkdtemp(path.join(tmpdir(), `${prefix}${process.pid}-`))
  const prepared = await prepareEmbeddedPostgres(folder, undefined, settings)
  const child = await prepared.spawn()
  const exited = once(child, 'exit')
  await prepared.ready(child)
  const admin = new pg.Pool({ connectionString: prepared.url, max: 1 })
  // A server that stops says so to a connection that is just being closed.
  admin.on('error', () => undefined)
  const urlOf = (name: string) => Object.assign(new URL(prepared.url), { pathname: `/${name}` }).href
  await admin.query(`create database ${template}`)
  await migrateDeploy(urlOf(template))
  await installQueues(urlOf(template))
  return {
    async make() {
      const name = `test_${randomUUID().replaceAll('-', '')}`
      await admin.query(`create database ${name} template ${template}`)
      return urlOf(name)
    },
    async drop(name) {
      await admin.query(`drop database ${pg.escapeIdentifier(name)} with (force)`)
    },
    async stop() {
      await admin.end()
      child.kill('SIGINT')
      await exited
      await rm(folder, { recursive: true })
    },
  }
}

/** Of runs that were killed: their server has ended with them, their folder has not. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0
    if (pid && !identify(pid)) await rm(path.join(tmpdir(), name), { recursive: true, force: true })
  }
}
