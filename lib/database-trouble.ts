import { z } from 'zod'

// What keeps the console from its database, told apart by what PostgreSQL (SQLSTATE), Node (`E…`) or pg (words alone)
// said, however Prisma packed it: https://www.postgresql.org/docs/current/errcodes-appendix.html

export interface DatabaseTrouble {
  /** What happened, as a sentence. */
  readonly message: string
  readonly fix: string
}

/** pg's own errors have neither code nor name; Prisma hands them on as they are, pg-boss adds whose they were. */
const lost =
  /^(?:Connection terminated\b|(?:Client (?:has encountered a connection error|was closed) and is not queryable|time-?out (?:exceeded when trying to connect|expired)|Query read timeout)(?: \(Queue: .*\))?$)/

/** A connection that broke, which pg tells in words alone. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof Error && lost.test(error.message)
}

/** What kept the queue from the database, as an error that is one. */
export function lostConnection(cause: unknown): Error {
  return new Error('Connection terminated before a job was sent', { cause })
}

/**
 * Two transactions that waited for each other, or changed the same, or the other one removed what this one names: this
 * one was undone, and the other was not.
 */
export function isCollision(error: unknown): boolean {
  return error instanceof Error && ['40P01', '40001', 'P2034', '23503', 'P2003'].includes(saidBy(error).code ?? '')
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && fullDisk.has(saidBy(error).code)
}

/**
 * @param error of Prisma or pg
 * @returns undefined where the database was reached, let the console in, and refused for a reason of its own
 */
export function databaseTrouble(error: unknown): DatabaseTrouble | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, kind, words, host, port, user, database } = saidBy(error)
  const at = host === undefined ? '' : ` at ${host}${port === undefined ? '' : `:${port}`}`
  if (code === '28P01')
    return {
      message: `The console’s database refuses the password${user === undefined ? '' : ` of its user ${user}`}.`,
      fix: 'Correct user and password in DATABASE_URL, where they are written as in any address: %40 for @, %2F for /, %25 for %.',
    }
  if (code === '3D000')
    return {
      message: `The PostgreSQL that DATABASE_URL names has no database ${database ?? 'of that name'}.`,
      fix: 'Correct the name at the end of DATABASE_URL, or make that database first.',
    }
  if (code === '28000' && /\bno encryption\b|\bSSL off\b/.test(words))
    return {
      message: 'The console’s database does not let its user in from this machine over a connection without TLS.',
      fix: 'Add ?sslmode=verify-full to DATABASE_URL, if that PostgreSQL asks for TLS; otherwise its pg_hba.conf must allow this machine, user and database.',
    }
  if (code === '28000')
    return {
      message: 'The console’s database does not let its user in from this machine.',
      fix: 'Correct user and database in DATABASE_URL, or let them in: in the pg_hba.conf of that PostgreSQL.',
    }
  if (kind === 'TlsConnectionError')
    return {
      message: `No TLS connection to the console’s database came about: ${words.replace(/\.$/, '')}.`,
      fix: /does not support SSL/.test(words)
        ? 'Switch TLS on at that PostgreSQL, or take sslmode out of DATABASE_URL.'
        : 'Its certificate must be valid for the name in DATABASE_URL; a CA of your own is named there with &sslrootcert=FILE.',
    }
  if (code === '53300')
    return {
      message: 'The console’s database has no connection left.',
      fix: 'Raise max_connections of that PostgreSQL, or end what else uses it.',
    }
  if (fullDisk.has(code))
    return {
      message: 'The disk of the console’s database is full.',
      fix: 'Make room on the disk of that PostgreSQL: without DATABASE_URL that is the data folder’s. What could not be done is tried again, or can be.',
    }
  if (code === '25006')
    return {
      message: 'The console’s database is read-only now.',
      fix: 'DATABASE_URL must name the primary server, not a standby.',
    }
  if (code === 'P2028')
    return {
      message: 'The console’s database does not answer in time.',
      fix: 'Look whether that PostgreSQL is overloaded, and whether it answers from this machine. What could not be done is tried again, or can be.',
    }
  // Its own patience, which every line sets: lib/database-line.ts.
  if (code === '57014')
    return {
      message: 'The console’s database did not get it done in time, and gave it up.',
      fix: 'Something long may be under way that changes the same, or that PostgreSQL is overloaded. What could not be done is tried again, or can be.',
    }
  if (isLostConnection(error) || unreachable.has(code) || unreachable.has(kind))
    return {
      message: `The console’s database${at} cannot be reached.`,
      fix: 'Where DATABASE_URL names it, look whether that PostgreSQL answers from this machine; otherwise look at logs/postgres.log in the data folder.',
    }
  return undefined
}

const fullDisk = new Set<string | undefined>(['53100', 'ENOSPC'])

const unreachable = new Set<string | undefined>([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'EPIPE'],
  // Of Prisma, for the first four of these.
  ...['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'P1001', 'P1002', 'P1017'],
  // Connections that end, a server that starts or stops, or gave up on a transaction: classes 08 and 57P, and 25P03.
  ...['08000', '08001', '08003', '08004', '08006', '57P01', '57P02', '57P03', '25P03'],
])

const cause = z.object({
  kind: z.string().optional(),
  originalCode: z.string().optional(),
  originalMessage: z.string().optional(),
  reason: z.string().optional(),
  host: z.string().optional(),
  port: z.number().optional(),
  user: z.string().optional(),
  db: z.string().optional(),
})
const packed = z.object({ meta: z.object({ driverAdapterError: z.object({ cause }) }) })
/** What a commit throws: Prisma hands it on as its adapter had it. */
const unpacked = z.object({ name: z.literal('DriverAdapterError'), cause })
const plain = z.object({ code: z.string(), address: z.string().optional(), port: z.number().optional() })

interface Said {
  readonly code?: string | undefined
  readonly kind?: string | undefined
  readonly words: string
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly database?: string | undefined
}

function saidBy(error: Error): Said {
  const { code, address: host, port } = plain.safeParse(error).data ?? {}
  const said = packed.safeParse(error).data?.meta.driverAdapterError.cause ?? unpacked.safeParse(error).data?.cause
  if (said) {
    const words = said.originalMessage ?? said.reason ?? ''
    const { kind, user, db: database } = said
    return { code: said.originalCode ?? code, kind, words, host: said.host, port: said.port, user, database }
  }
  const words = error.message
  // pg itself, as migrations use it.
  const isTls = /\b(?:SSL|certificate|TLS)\b/i.test(words) && !/^[0-9A-Z]{5}$/.test(code ?? '')
  return {
    code,
    kind: isTls ? 'TlsConnectionError' : undefined,
    words,
    host,
    port,
    user: /^password authentication failed for user "([^"]+)"/.exec(words)?.[1],
    database: /^database "([^"]+)" does not exist/.exec(words)?.[1],
  }
}
