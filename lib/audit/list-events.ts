import { z } from 'zod'
import type { Tx } from '#lib/db.ts'
import { type AuditQuery, type AuditView, auditActions, auditOutcomes } from './schema.ts'
import { whose } from './whose.ts'

const pageSize = 50
const storedRow = z.object({
  action: z.enum(auditActions),
  outcome: z.enum(auditOutcomes),
  changes: z.record(z.string(), z.tuple([z.string().nullable(), z.string().nullable()])),
})

/** Newest first; `nextBefore` is the key of the next page. */
export async function listAuditEvents(db: Tx, query: AuditQuery): Promise<AuditView> {
  const rows = await db.auditEvent.findMany({
    where: {
      ...(query.action && { action: query.action }),
      ...(query.outcome && { outcome: query.outcome }),
      ...(query.actor && whose(query.actor)),
      ...(query.before && { id: { lt: query.before } }),
    },
    orderBy: { id: 'desc' },
    take: pageSize + 1,
  })
  const page = rows.slice(0, pageSize)
  return {
    rows: page.map(({ id, at, actor, address, subject, ...rest }) => ({
      id: String(id),
      at: at.toISOString(),
      actor,
      address,
      subject,
      ...storedRow.parse(rest),
    })),
    nextBefore: rows.length > pageSize ? String(page.at(-1)?.id) : null,
  }
}
