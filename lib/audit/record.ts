import { displayPath, toBytePath } from '#lib/archive/byte-path.ts'
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
    data: {
      ...entry,
      subject: told(entry.subject).slice(0, 2000),
      changes: Object.fromEntries(
        Object.entries(entry.changes ?? {}).map(([name, values]) => [
          name,
          values.map((value) => value && toldLines(value)),
        ]),
      ),
      address: address ?? null,
    },
  })
}

/**
 * Names come from disks, and patterns from whoever asks: nothing in a row turns round, hides or ends what stands beside it,
 * and no row fails because PostgreSQL does not take it for text.
 */
const told = (line: string) => displayPath(toBytePath(line))
const toldLines = (text: string) => text.split('\n').map(told).join('\n')
