import pg from 'pg'
import { databaseLine } from './database-line.ts'
import { databaseTrouble } from './database-trouble.ts'
import { AppError } from './errors.ts'

const rounds = 3

/**
 * A pooler of connections may lend each of PostgreSQL's sessions for one transaction at a time. The lock of the migrations
 * would then stay with nobody, the next start wait for it for ever, and the time that a statement may take be somebody
 * else's. Two connections that ask in turn see one session there, or another each time.
 * @throws AppError `invalid` where that is so; `unreachable` and as `mustHaveTlsFiles` where the database is out of reach
 */
export async function mustKeepSessions(databaseUrl: string): Promise<void> {
  const { onConnect, ...line } = databaseLine(databaseUrl)
  const clients = [new pg.Client(line), new pg.Client(line)]
  try {
    for (const client of clients) {
      // A lost connection also fails the next query; without a listener it would end the process first.
      client.on('error', () => undefined)
      await client.connect()
      // As every connection does: there are poolers that keep a session for whoever has changed it.
      await onConnect?.(client)
    }
    const seen = clients.map(() => new Set<number>())
    for (let round = 0; round < rounds; round += 1)
      for (const [index, client] of clients.entries()) seen[index]?.add(await sessionOf(client))
    const [first = new Set(), second = new Set()] = seen
    if (first.size === 1 && second.size === 1 && first.isDisjointFrom(second)) return
  } catch (cause) {
    const trouble = databaseTrouble(cause)
    if (!trouble) throw cause
    throw new AppError('unreachable', trouble.message, { cause, fix: trouble.fix })
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  }
  throw new AppError(
    'invalid',
    'DATABASE_URL leads through a pooler that lends PostgreSQL’s sessions for one transaction at a time, and the console needs sessions of its own.',
    { fix: 'Let it pool by session (PgBouncer: pool_mode = session), or name PostgreSQL itself in DATABASE_URL.' },
  )
}

async function sessionOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid ?? 0
}
