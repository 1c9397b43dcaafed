import { type AuditContext, auditKey } from './audit-key.ts'
import { type ChainEnd, chainStart } from './chain.ts'
import { forged, newestHead, readHeads, rewritten, type SignedHead, saidBy, truncated } from './heads.ts'
import type { AuditVerdict } from './schema.ts'
import { walkChain } from './walk-chain.ts'

// 1. Each entry's hash is made once more, from the first to the last.
// 2. Where a head was signed, or is known from outside, the entry there has that hash, and none of them is beyond the end.
// 3. No event is without an entry.

interface Claim extends ChainEnd {
  /** Who says so, as in “… of entry 7”. */
  readonly said: string
  /** A sentence, where it was not said by whoever it is from. */
  readonly fault: string | undefined
}

/** @param outside ends of the chain that somebody wrote down where the database does not reach */
export async function verifyAudit(context: AuditContext, outside: readonly ChainEnd[] = []): Promise<AuditVerdict> {
  const { db } = context
  const newest = await newestHead(db)
  const claims = inOrder(
    newest ? signed(context, newest) : nothing(),
    outside.map((end) => ({ ...end, said: 'a head was given', fault: undefined })),
  )
  let claim = (await claims.next()).value
  let fitting = 0n
  const { end, first, fault } = await walkChain(db, chainStart, async (entry) => {
    for (; claim && claim.number <= entry.number; claim = (await claims.next()).value) {
      if (claim.fault !== undefined) return claim.fault
      if (claim.hash !== entry.hash) return rewritten(claim, fitting)
      fitting = claim.number
    }
    return undefined
  })
  await claims.return(undefined)
  return {
    inOrder: String(end.number),
    since: first?.at ?? null,
    head: end.number > 0n ? { number: String(end.number), hash: end.hash } : null,
    signed: newest ? { number: String(newest.number), at: newest.signedAt.toISOString() } : null,
    fault: fault ?? (claim && (claim.fault ?? truncated(claim, end.number))) ?? (await withoutEntry(context)) ?? null,
  }
}

async function* signed(context: AuditContext, newest: SignedHead): AsyncGenerator<Claim, void> {
  const key = await auditKey(context)
  for await (const head of readHeads(context.db, newest.number))
    yield { ...head, said: saidBy(head), fault: forged(key, head) }
}

async function* nothing(): AsyncGenerator<Claim, void> {}

async function* inOrder(signedOnes: AsyncGenerator<Claim, void>, others: Claim[]): AsyncGenerator<Claim, void> {
  const left = others.toSorted((a, b) => (a.number < b.number ? -1 : 1))
  for await (const claim of signedOnes) {
    while (left[0] && left[0].number <= claim.number) yield* left.splice(0, 1)
    yield claim
  }
  yield* left
}

async function withoutEntry({ db }: AuditContext): Promise<string | undefined> {
  const [event] = await db.$queryRaw<{ id: bigint }[]>`
    SELECT event."id" FROM "audit_event" event
    WHERE NOT EXISTS (SELECT FROM "audit_link" link WHERE link."eventId" = event."id" AND link."number" > 0)
    ORDER BY event."id" LIMIT 1`
  return event && `The event with ID ${event.id} was inserted: no entry of the chain is of it.`
}
