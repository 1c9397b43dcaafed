import { type ChildProcess, spawn } from 'node:child_process'
import { access, mkdir, readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { AppError } from '#lib/errors.ts'
import { rememberedPort } from './free-port.ts'
import { lastLines, withLog } from './log-file.ts'
import { checkVersion, createCluster, databaseName, postgresEnvironment, reclaimCluster } from './postgres-cluster.ts'
import { findPostgres, type PostgresPrograms } from './postgres-programs.ts'

// The real PostgreSQL that comes as an npm package, on a folder of our own:
//   <data>/postgres                    its data
//   <data>/postgres.port               where it listens, on 127.0.0.1 alone
//   <data>/secrets/postgres-password   mode 0600
//   <data>/logs/postgres.log

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Of the web process 22, of each of up to eight workers 16, and the rest for commands.
  max_connections: '200',
  shared_buffers: '64MB',
  // The log never holds a statement, a value or a row: they may be secrets.
  log_checkpoints: 'off',
  log_statement: 'none',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_line_prefix: '%m [%p] ',
  log_timezone: 'UTC',
  timezone: 'UTC',
}

export interface EmbeddedPostgres {
  /** Holds the password. The same for as long as this object is used, also after a restart. */
  readonly url: string
  readonly logFile: string
  /** Starts the server, once the last one is gone. */
  spawn(): Promise<ChildProcess>
  /** @throws AppError `unavailable` when the server ends, or does not accept a connection within two minutes */
  ready(child: ChildProcess): Promise<void>
}

/** Everything up to starting the server: finds it, makes its data folder, chooses its port. Needs the data folder's lock. */
export async function prepareEmbeddedPostgres(
  dataDir: string,
  programs?: PostgresPrograms,
  more: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const root = await realpath(dataDir)
  const folder = path.join(root, 'postgres')
  const passwordFile = path.join(root, 'secrets', 'postgres-password')
  const logFile = path.join(root, 'logs', 'postgres.log')
  const { postgres, ...found } = programs ?? (await findPostgres(root))
  if (await isMissing(path.join(folder, 'PG_VERSION')))
    await createCluster({ postgres, ...found }, folder, passwordFile)
  await checkVersion({ postgres, ...found }, folder)
  await found.own(folder)
  const password = await readFile(passwordFile, 'utf8').catch((cause) => {
    throw new AppError('unavailable', `The password of the database in ${folder} is missing: ${passwordFile}.`, {
      cause,
    })
  })
  await reclaimCluster(folder)
  const port = await rememberedPort(path.join(root, 'postgres.port'))
  const url = `postgresql://${databaseName}:${password.trim()}@127.0.0.1:${port}/${databaseName}`
  const options = Object.entries({ port, ...settings, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

  return {
    url,
    logFile,
    async spawn() {
      await reclaimCluster(folder)
      return withLog(logFile, (log) =>
        spawn(postgres.file, [...postgres.args, '-D', folder, ...options], {
          uid: postgres.uid,
          gid: postgres.gid,
          cwd: folder,
          env: postgresEnvironment,
          detached: true,
          stdio: ['ignore', log, log],
        }),
      )
    },
    ready: (child) => untilReady(child, url, logFile),
  }
}

async function untilReady(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = performance.now() + 120_000
  for (;;) {
    const trouble = await connectTrouble(url)
    const reason = lastLines(logFile, 1).join() || trouble
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new AppError('unavailable', `PostgreSQL stopped while starting: ${reason}`)
    }
    if (!trouble) return
    if (performance.now() > deadline) throw new AppError('unavailable', `PostgreSQL does not answer: ${reason}`)
    await sleep(25)
  }
}

async function connectTrouble(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function isMissing(file: string): Promise<boolean> {
  return access(file).then(
    () => false,
    () => true,
  )
}
