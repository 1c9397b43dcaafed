import { accessSync, constants } from 'node:fs'
import { Socket } from 'node:net'
import type { PoolConfig } from 'pg'
import { AppError } from './errors.ts'

// A line that is cut, or a machine that is switched off, tells nobody. On this side what was sent is sent again for a
// quarter of an hour, and an answer is waited for without end; on the other side PostgreSQL keeps a transaction with its
// locks for two hours, and whoever takes the work over waits for them. So both sides give up by themselves. PostgreSQL does
// so first: a line that is cut ends no statement, which would go on, wait for its lock, and do what was told as not done.

export interface LinePatience {
  /** Until there is a connection: a new one, or one that others give back. */
  readonly connectMs: number
  /** Nothing sent and nothing heard for so long: cut. */
  readonly silentMs: number
  /** PostgreSQL ends a transaction of which it heard nothing for so long: what Prisma gives one in all. */
  readonly idleInTransactionMs: number
}

/** Of jobs, which would have to begin again: no statement of theirs takes so long on a busy machine. */
export const patient: LinePatience = { connectMs: 20_000, silentMs: 60_000, idleInTransactionMs: 30_000 }

/** Of pages and commands: somebody sits in front of them, and what they ask takes a moment. */
export const impatient: LinePatience = { ...patient, connectMs: 10_000, silentMs: 12_000 }

/**
 * What a database or a role may have set otherwise. Prisma writes and reads times without their zone, as if every session
 * had this one, and in this form alone; who waits for a lock then looks at what was done meanwhile.
 */
export const ownSettings =
  "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET default_transaction_isolation = 'read committed'"

/**
 * How every pool reaches the database, Prisma's and the queue's alike. Not migrations, which may think for long.
 * Throws as `mustHaveTlsFiles` does.
 */
export function databaseLine(
  databaseUrl: string,
  { connectMs, silentMs, idleInTransactionMs }: LinePatience = patient,
): Pick<PoolConfig, 'connectionString' | 'connectionTimeoutMillis' | 'stream' | 'onConnect'> {
  mustHaveTlsFiles(databaseUrl)
  return {
    connectionString: databaseUrl,
    connectionTimeoutMillis: connectMs,
    // Beneath TLS as well: pg would only give up on the answer, and use the same connection for the next question.
    stream: () => {
      const socket = new Socket()
      socket.setTimeout(silentMs, () => socket.destroy())
      return socket
    },
    // Said on the connection and not with its start, which poolers of connections refuse where they do not know a setting.
    onConnect: (client) =>
      client.query(
        `${ownSettings}; SET idle_in_transaction_session_timeout = ${idleInTransactionMs}; SET statement_timeout = ${Math.floor(silentMs * 0.9)}`,
      ),
  }
}

/**
 * pg reads what `DATABASE_URL` names while it connects, and whoever asks would hear of a database that does not answer.
 * @throws AppError `invalid`, naming the file
 */
export function mustHaveTlsFiles(databaseUrl: string): void {
  const options = new URLSearchParams(/\?(.*)$/s.exec(databaseUrl)?.[1])
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    const file = options.get(name)
    if (!file) continue
    try {
      accessSync(file, constants.R_OK)
    } catch (cause) {
      throw new AppError('invalid', `The file ${file}, which DATABASE_URL names as ${name}, cannot be read.`, {
        cause,
        fix: 'Put it there, readable for the user who runs this, or correct DATABASE_URL.',
      })
    }
  }
}
