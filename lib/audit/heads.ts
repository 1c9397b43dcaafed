import type { Tx } from '#lib/db.ts'
import { minuteText } from '#lib/time-text.ts'
import type { AuditKey, Head } from './audit-key.ts'
import type { ChainEnd } from './chain.ts'

const page = 1000
/** The least that the column takes: somebody may have numbered heads anew. */
const beforeAll = -9_223_372_036_854_775_808n

export interface SignedHead extends Head {
  readonly signature: Uint8Array
}

interface HeadRow {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly signedAt: Date
  readonly signature: Uint8Array
}

const headOf = ({ hash, ...row }: HeadRow): SignedHead => ({ ...row, hash: Buffer.from(hash).toString('hex') })

export async function newestHead(db: Tx): Promise<SignedHead | undefined> {
  const row = await db.auditHead.findFirst({ orderBy: { number: 'desc' } })
  return row ? headOf(row) : undefined
}

/** In their order, up to one. */
export async function* readHeads(db: Tx, through: bigint): AsyncGenerator<SignedHead, void> {
  for (let last = beforeAll; ; ) {
    const rows = await db.auditHead.findMany({
      where: { number: { gt: last, lte: through } },
      orderBy: { number: 'asc' },
      take: page,
    })
    yield* rows.map(headOf)
    last = rows.at(-1)?.number ?? last
    if (rows.length < page) return
  }
}

/** A sentence, where this console did not sign it. */
export function forged(key: AuditKey, head: SignedHead): string | undefined {
  if (key.fault !== undefined) return key.fault
  if (key.isSigned(head, head.signature)) return undefined
  return `The signed head of entry ${head.number} was changed, or this console’s key did not sign it.`
}

/** A head, and who says so, as in “… of entry 7”. */
interface Said extends ChainEnd {
  readonly said: string
}

/**
 * A sentence, where the entry that a head is of is another one now.
 * @param after the last entry that another head vouches for
 */
export function rewritten({ number, said }: Said, after: bigint): string {
  const some = after + 1n === number ? `Entry ${number} was` : `Of the entries ${after + 1n} to ${number} some were`
  return `${some} written anew: ${said} of entry ${number} with another hash.`
}

/** A sentence, where a head is beyond the end. */
export function truncated({ number, said }: Said, end: bigint): string {
  const some = end + 1n === number ? `Entry ${number} was` : `Entries ${end + 1n} to ${number} were`
  return `${some} removed from the end, or an older database was put back: ${said} of entry ${number}.`
}

/** The same, of a worker that remembers the head: told once, however the end moves meanwhile. */
export function gone({ number, said }: Said): string {
  return `Entry ${number} is not there any more, or an older database was put back: ${said} of it.`
}

export const saidBy = ({ signedAt }: Head) => `a head was signed on ${minuteText(signedAt)}`
