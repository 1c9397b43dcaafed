import { isDiskFull } from './database-trouble.ts'
import type { Db } from './db.ts'

/** Whoever asks more often gets the last answer: monitors ask as often as they like. */
const validMs = 15_000
const asked = new WeakMap<Db, { readonly at: number; readonly hasRoom: Promise<boolean> }>()

/**
 * Whether the disk of PostgreSQL's data takes a further MiB. Reading does not tell, nor does a small write: a row that is
 * changed mostly finds room where it was. This asks for a temporary file, as a large sort has one, that is gone at once:
 * no row, no log, nothing to vacuum. It says nothing of a log (`pg_wal`) or a tablespace on another disk.
 */
export function databaseHasRoom(db: Db, now = performance.now()): Promise<boolean> {
  const last = asked.get(db)
  if (last && now - last.at < validMs) return last.hasRoom
  const hasRoom = ask(db)
  asked.set(db, { at: now, hasRoom })
  return hasRoom
}

async function ask(db: Db): Promise<boolean> {
  try {
    await db.$transaction([
      db.$executeRaw`SET LOCAL work_mem = '64kB'`,
      // Where the data is, whatever that PostgreSQL has for other sorts.
      db.$executeRaw`SET LOCAL temp_tablespaces = ''`,
      db.$queryRaw`WITH mebibyte AS MATERIALIZED (SELECT repeat('x', 1024) AS x FROM generate_series(1, 1024))
        SELECT count(x) FROM mebibyte`,
    ])
    return true
  } catch (error) {
    // Anything else is told by those who ask for rows.
    return !isDiskFull(error)
  }
}
