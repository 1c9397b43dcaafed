import type { Tx } from '#lib/db.ts'
import { type ChainEnd, type ChainedEvent, chainStart } from './chain.ts'
import type { AuditFilter } from './schema.ts'
import { whose } from './whose.ts'

const page = 1000

interface Link {
  readonly number: bigint
  /** What the chain says is there. */
  readonly eventId: bigint
  readonly hash: string
}
/** `event` is undefined where the chain names one that is not there. */
export interface LinkedEvent extends Link {
  readonly event: ChainedEvent | undefined
}

type Row = Link & { readonly [name in keyof Omit<ChainedEvent, 'number'>]: string | null }

/** bigint of PostgreSQL. */
const endless = 9_223_372_036_854_775_807n

/**
 * The events in the order of the chain, a thousand at a time in memory.
 * @param after the number before the first; @param through the last number
 */
export async function* readChain(
  db: Tx,
  { after = 0n, through = endless, filter = {} }: { after?: bigint; through?: bigint; filter?: AuditFilter } = {},
): AsyncGenerator<LinkedEvent[], void> {
  const { action = null, outcome = null, since = null, until = null } = filter
  const { actor = null, address = null } = filter.actor === undefined ? {} : whose(filter.actor)
  for (let last = after; ; ) {
    const rows = await db.$queryRaw<Row[]>`
      SELECT link."number", link."eventId", encode(link."hash", 'hex') AS "hash", event."id"::text AS "id",
        (to_jsonb(event."at" AT TIME ZONE 'UTC') #>> '{}') || 'Z' AS "at", event."actor", event."address",
        event."action", event."outcome", event."subject", event."changes"::text AS "changes"
      FROM "audit_link" link LEFT JOIN "audit_event" event ON event."id" = link."eventId"
      WHERE link."number" > ${last} AND link."number" <= ${through}
        AND (${action}::text IS NULL OR event."action" = ${action})
        AND (${outcome}::text IS NULL OR event."outcome" = ${outcome})
        AND (${actor}::text IS NULL OR event."actor" = ${actor})
        AND (${address}::text IS NULL OR event."address" = ${address})
        AND (${since}::timestamptz IS NULL OR event."at" >= ${since}::timestamptz)
        AND (${until}::timestamptz IS NULL OR event."at" < ${until}::timestamptz)
      ORDER BY link."number" LIMIT ${page}`
    const newest = rows.at(-1)
    if (!newest) return
    yield rows.map(linked)
    if (rows.length < page) return
    last = newest.number
  }
}

function linked({ number, eventId, hash, id, address, changes, ...texts }: Row): LinkedEvent {
  const { at, actor, action, outcome, subject } = texts
  // None of them is null unless somebody allowed it, and then its hash does not fit.
  const text = (value: string | null) => value ?? ''
  const event: ChainedEvent | undefined =
    id === null
      ? undefined
      : {
          ...{ number: String(number), id, at: text(at), actor: text(actor), address, action: text(action) },
          ...{ outcome: text(outcome), subject: text(subject), changes: text(changes) },
        }
  return { number, eventId, hash, event }
}

/** Where it ends now. */
export async function chainEnd(db: Tx): Promise<ChainEnd> {
  const newest = await db.auditLink.findFirst({ orderBy: { number: 'desc' } })
  return newest ? endOf(newest) : chainStart
}

export async function chainEntry(db: Tx, number: bigint): Promise<ChainEnd | undefined> {
  const entry = await db.auditLink.findUnique({ where: { number } })
  return entry ? endOf(entry) : undefined
}

const endOf = ({ number, hash }: { number: bigint; hash: Uint8Array }): ChainEnd => ({
  number,
  hash: Buffer.from(hash).toString('hex'),
})
