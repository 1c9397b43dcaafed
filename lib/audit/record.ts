import type { Tx } from '#lib/db.ts'
import { requestAddress } from '#lib/requests/request-address.ts'
import type { AuditAction, AuditOutcome, AuditRow } from './schema.ts'

export interface AuditEntry {
  /** E-mail address of the person, `console` or `command line`. */
  readonly actor: string
  readonly action: AuditAction
  readonly outcome: AuditOutcome
  readonly subject: string
  /** name → [before, after]; the caller leaves secrets out. */
  readonly changes?: AuditRow['changes']
}

/** Takes the transaction of the change it tells of: both are there, or neither. */
export async function recordAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  // What the console does by itself may have begun while it answered somebody.
  const address = entry.actor === 'console' ? undefined : requestAddress()
  await tx.auditEvent.create({
    data: { ...entry, subject: entry.subject.slice(0, 2000), changes: { ...entry.changes }, address: address ?? null },
  })
}
