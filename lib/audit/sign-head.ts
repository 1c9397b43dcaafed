import { count } from '#lib/count-text.ts'
import { databaseTime } from '#lib/db.ts'
import { log } from '#lib/log.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { type AuditContext, type AuditKey, auditKey, type Head } from './audit-key.ts'
import { chainStart } from './chain.ts'
import { forged, gone, newestHead, rewritten, type SignedHead, saidBy } from './heads.ts'
import { chainEntry } from './read-chain.ts'
import { type Walked, walkChain } from './walk-chain.ts'

/** How often; what is written in between no signature vouches for yet. */
export const signEveryMs = 300_000

/**
 * Signs where the chain ends, once the entries since the head before are in order, and writes it where the database does
 * not reach: into the log of this process. What is not in order is never signed, and administrators are told.
 * @param known the newest head that this process knows of: somebody may have removed it from the database since
 * @returns the newest one now
 */
export async function signHead(context: AuditContext, known?: Head): Promise<Head | undefined> {
  const { db } = context
  if (!(await db.auditLink.findFirst({ select: { number: true } })) && !known) return undefined
  const key = await auditKey(context)
  const newest = await newestHead(db)
  const { end, fault } = await sinceHead(context, key, newest, known)
  if (fault !== undefined) {
    await tell(context, fault)
    return known
  }
  if (newest && end.number === newest.number) return newest
  const head: Head = { ...end, signedAt: await databaseTime(db) }
  const row = { number: head.number, hash: Buffer.from(head.hash, 'hex'), signedAt: head.signedAt }
  // First, so that none is missing there: one that the database does not have fits all the same.
  log('info', 'audit', `The audit log has ${count(Number(head.number), 'event')}.`, {
    head: `${head.number}:${head.hash}`,
  })
  await db.auditHead.createMany({ data: { ...row, signature: Uint8Array.from(key.sign(head)) }, skipDuplicates: true })
  return head
}

/** Whether the newest head fits, and what was added since. */
export async function sinceHead(
  { db }: AuditContext,
  key: AuditKey,
  newest: SignedHead | undefined,
  known?: Head,
): Promise<Walked> {
  const wrong = (fault: string): Walked => ({ end: newest ?? chainStart, first: undefined, fault })
  if (key.fault !== undefined) return wrong(key.fault)
  if (newest) {
    const fault = forged(key, newest)
    if (fault !== undefined) return wrong(fault)
  }
  for (const head of [newest, known]) {
    if (!head) continue
    const entry = await chainEntry(db, head.number)
    if (!entry) return wrong(gone({ ...head, said: saidBy(head) }))
    if (entry.hash !== head.hash) return wrong(rewritten({ ...head, said: saidBy(head) }, 0n))
  }
  return walkChain(db, newest ?? chainStart)
}

/** Once: it stays wrong. */
async function tell({ db }: AuditContext, fault: string): Promise<void> {
  log('error', 'audit', `The audit log is not in order. ${fault} byok audit verify goes through all of it.`)
  const news = { actor: 'console', title: 'The audit log is not in order', detail: fault, link: '/audit' }
  if (!(await db.notice.findFirst({ where: news }))) await tellAdministrators(db, news)
}
