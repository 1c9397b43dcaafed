import type { Tx } from '#lib/db.ts'
import type { RewrapWish } from './schema.ts'

/** The key IDs that a name in a wish stands for: `AES-256` is every root key of this console. */
export async function keyIdsOfName(db: Tx, name: string): Promise<string[]> {
  if (name !== 'AES-256') return [name]
  return (await db.rootKey.findMany({ select: { id: true } })).map(({ id }) => id)
}

/** Which backups a re-wrap is about, as they are now: what it has done is not among them any more. */
export async function concerned(
  db: Tx,
  { mode, from, to }: RewrapWish,
): Promise<NonNullable<NonNullable<Parameters<Tx['backup']['findMany']>[0]>['where']>> {
  const under = from === null ? {} : { keyIds: { hasSome: await keyIdsOfName(db, from) } }
  const without = mode !== 'add' || to === null ? {} : { NOT: { keyIds: { hasSome: await keyIdsOfName(db, to) } } }
  return { state: 'complete', method: { not: 'none' }, ...under, ...without }
}

/** How many backups have no other key than the one that is to be removed. */
export async function countLast(db: Tx, from: string): Promise<number> {
  const names = await keyIdsOfName(db, from)
  const [row] = await db.$queryRaw<{ last: number }[]>`
    SELECT count(*)::int AS last FROM "backup"
    WHERE "state" = 'complete' AND "method" <> 'none' AND "keyIds" && ${names} AND "keyIds" <@ ${names}`
  return row?.last ?? 0
}
