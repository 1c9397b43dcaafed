import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from '../prisma/generated/client.ts'

export type Db = PrismaClient
/** What runs inside `db.$transaction(async (tx) => …)`. */
export type Tx = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'>
/** For a JSON column that is to hold nothing. */
export const noJson = Prisma.DbNull

/** The only place that makes a Prisma client. */
export function createDb(databaseUrl: string): Db {
  return new PrismaClient({
    adapter: new PrismaPg({ connectionString: databaseUrl, max: 10 }),
    // A busy machine is not a broken one: Prisma would give up after 2 s without a connection, and 5 s of work.
    transactionOptions: { maxWait: 20_000, timeout: 30_000 },
  })
}

/** The one clock that all machines share. */
export async function databaseTime(db: Tx): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
  if (!row) throw new Error('The database does not know the time.')
  return row.now
}
