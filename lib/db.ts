import { randomBytes } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from '../prisma/generated/client.ts'
import { databaseLine, type LinePatience, patient } from './database-line.ts'

export type {
  BackupCheckpoint,
  BackupPart,
  BackupVerification,
  Rewrap,
  Shred,
  ShredItem,
} from '../prisma/generated/client.ts'
export type { Prisma }
export type Db = PrismaClient
/** What runs inside `db.$transaction(async (tx) => …)`. */
export type Tx = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'>
/** For a JSON column that is to hold nothing. */
export const noJson = Prisma.DbNull
/** For `contains`: Prisma hands it on to LIKE as it is, which takes some characters for any other. */
export const literally = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** The only place that makes a Prisma client. */
export function createDb(databaseUrl: string, patience: LinePatience = patient): Db {
  return new PrismaClient({
    adapter: new PrismaPg({ ...databaseLine(databaseUrl, patience), max: 10 }),
    // A busy machine is not a broken one: Prisma would give up after 2 s without a connection, and 5 s of work.
    transactionOptions: { maxWait: patience.connectMs, timeout: 30_000 },
  })
}

/** The one clock that all machines share. */
export async function databaseTime(db: Tx): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
  if (!row) throw new Error('The database does not know the time.')
  return row.now
}

/** The same as it goes on, asked once: for what takes minutes at most. */
export async function databaseClock(db: Tx): Promise<() => Date> {
  const then = await databaseTime(db)
  // Not before: what the answer took, such as waiting for a connection, would put it ahead.
  const since = performance.now()
  return () => new Date(then.getTime() + performance.now() - since)
}

/**
 * A UUID of version 7 and the time in it, of a row whose ID says which is newer. Prisma would take both from this machine's
 * clock: backups of one that is days behind would be the oldest, and the first to be deleted.
 */
export async function idAndTime(db: Tx): Promise<{ readonly id: string; readonly createdAt: Date }> {
  const [row] = await db.$queryRaw<{ us: bigint }[]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us`
  if (!row) throw new Error('The database does not know the time.')
  const ms = Number(row.us / 1000n)
  const bytes = randomBytes(16)
  bytes.writeUIntBE(ms, 0, 6)
  bytes.writeUInt16BE(0x7000 | (Number(row.us % 1000n) * 4), 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  const id = bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return { id, createdAt: new Date(ms) }
}
