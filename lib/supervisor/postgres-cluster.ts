import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#lib/errors.ts'
import type { Command, PostgresPrograms } from './postgres-programs.ts'
import { commandLineOf, identify, signalProcess, waitForEnd } from './process-identity.ts'

/** Role and database that the console uses. The superuser cannot connect at all. */
export const databaseName = 'vault'

const accessRules = `# Over loopback, with a password, as one role. Nothing else.
host all ${databaseName} 127.0.0.1/32 scram-sha-256
`

/**
 * Makes the server's data folder, complete or not at all: it is prepared under another name and then renamed.
 * @param passwordFile is written before, mode 0600
 */
export async function createCluster(programs: PostgresPrograms, folder: string, passwordFile: string): Promise<void> {
  const draft = `${folder}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  await programs.own(draft)
  runToEnd(programs.initdb, [
    ...['--pgdata', draft, '--username', 'postgres', '--auth', 'trust', '--no-instructions'],
    ...['--encoding', 'UTF8', '--locale', 'C'],
  ])
  await writeFile(path.join(draft, 'pg_hba.conf'), accessRules)
  const password = randomBytes(24).toString('base64url')
  // In single-user mode, before anything listens. One line is one statement.
  const statements = [
    `create role ${databaseName} login createdb password '${password}'`,
    `create database ${databaseName} owner ${databaseName}`,
  ]
  runToEnd(
    programs.postgres,
    ['--single', '-D', draft, '-c', 'exit_on_error=on', '-c', 'log_min_error_statement=panic', 'postgres'],
    `${statements.join('\n')}\n`,
  )
  await mkdir(path.dirname(passwordFile), { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  await rename(draft, folder)
}

function runToEnd({ file, args, uid, gid }: Command, more: readonly string[], input = ''): void {
  const done = spawnSync(file, [...args, ...more], { uid, gid, input, encoding: 'utf8', env: postgresEnvironment })
  if (done.status === 0) return
  const reason = (done.stderr ?? '').trim().split('\n').at(-1) || done.error?.message || `exit code ${done.status}`
  throw new AppError('unavailable', `PostgreSQL could not make its data folder: ${reason}`)
}

/** Nothing of the console's own environment: it may hold credentials, and PG* variables change what is started. */
export const postgresEnvironment: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
}

/** @throws AppError `unavailable` when the folder was made by another major version, and says what to do */
export async function checkVersion(programs: PostgresPrograms, folder: string): Promise<void> {
  const made = (await readFile(path.join(folder, 'PG_VERSION'), 'utf8')).trim()
  if (Number(made) === programs.majorVersion) return
  throw new AppError(
    'unavailable',
    `The database in ${folder} was made by PostgreSQL ${made}, and this version of the console brings PostgreSQL ${programs.majorVersion}.`,
    {
      fix: 'Start it with the version of the console that made it, or move that folder away to begin with an empty database.',
    },
  )
}

/**
 * Clears the way for a new server. One that was left behind when its console was killed is asked to stop; a
 * `postmaster.pid` whose number by now belongs to another program would keep PostgreSQL from starting.
 */
export async function reclaimCluster(folder: string): Promise<void> {
  const pidFile = path.join(folder, 'postmaster.pid')
  const [firstLine] = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')
  if (!firstLine) return
  const server = identify(Number(firstLine))
  if (server && commandLineOf(server.pid).includes(folder)) {
    let ended = false
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      ended ||= !signalProcess(server.pid, signal) || (await waitForEnd(server, 10_000))
    }
    if (!ended) {
      throw new AppError(
        'unavailable',
        `A PostgreSQL (process ${server.pid}) still runs on ${folder} and does not stop.`,
        {
          fix: 'Stop it and start again.',
        },
      )
    }
  }
  await rm(pidFile, { force: true })
}
