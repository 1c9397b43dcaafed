import { type AuditContext, auditKey } from './audit-key.ts'
import { newestHead } from './heads.ts'
import { chainEnd } from './read-chain.ts'
import { type AuditState, mostForPage } from './schema.ts'
import { sinceHead } from './sign-head.ts'

/** More have come since the last signature only where nobody signs any more: a page does not go through them. */
const most = 1000n

/** What can be told at once: how many there are, and whether the newest signed head and what came since are in order. */
export async function viewAuditState(context: AuditContext): Promise<AuditState> {
  const [newest, end] = await Promise.all([newestHead(context.db), chainEnd(context.db)])
  const looked =
    newest && end.number - newest.number <= most ? await sinceHead(context, await auditKey(context), newest) : undefined
  return {
    entries: String(end.number),
    tooMany: end.number > mostForPage,
    signed: newest ? { number: String(newest.number), at: newest.signedAt.toISOString() } : null,
    fault: looked?.fault ?? null,
  }
}
