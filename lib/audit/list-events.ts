import { z } from 'zod'
import type { Tx } from '#lib/db.ts'
import { readAddress } from '#lib/requests/trusted-proxies.ts'
import { type AuditQuery, type AuditView, auditActions, auditOutcomes } from './schema.ts'

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

/** Everybody else is kept in small letters; a phone begins an e-mail address with a capital one. */
const token = 'an API token'

function whose(text: string): { address: string } | { actor: string } {
  const address = readAddress(text)
  if (address !== undefined) return { address }
  const small = text.toLowerCase()
  return { actor: small === token.toLowerCase() ? token : small }
}
