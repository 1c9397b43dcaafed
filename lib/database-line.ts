import { Socket } from 'node:net'
import type { PoolConfig } from 'pg'

// A line that is cut, or a machine that is switched off, tells nobody. On this side what was sent is sent again for a
// quarter of an hour, and an answer is waited for without end; on the other side PostgreSQL keeps a transaction with its
// locks for two hours, and whoever takes the work over waits for them. So both sides give up by themselves.

export interface LinePatience {
  /** Nothing sent and nothing heard for so long: cut. No statement of ours takes so long on a busy machine. */
  readonly silentMs: number
  /** PostgreSQL ends a transaction of which it heard nothing for so long: what Prisma gives one in all. */
  readonly idleInTransactionMs: number
}

const patience: LinePatience = { silentMs: 60_000, idleInTransactionMs: 30_000 }

/** How every pool reaches the database, Prisma's and the queue's alike. Not migrations, which may think for long. */
export function databaseLine(
  databaseUrl: string,
  { silentMs, idleInTransactionMs }: LinePatience = patience,
): Pick<PoolConfig, 'connectionString' | 'connectionTimeoutMillis' | 'stream' | 'onConnect'> {
  return {
    connectionString: databaseUrl,
    connectionTimeoutMillis: 20_000,
    // Beneath TLS as well: pg would only give up on the answer, and use the same connection for the next question.
    stream: () => {
      const socket = new Socket()
      socket.setTimeout(silentMs, () => socket.destroy())
      return socket
    },
    // Said on the connection and not with its start, which poolers of connections refuse where they do not know a setting.
    onConnect: (client) => client.query(`SET idle_in_transaction_session_timeout = ${idleInTransactionMs}`),
  }
}
