import type { Db } from '#lib/db.ts'
import { csvLine } from './csv-line.ts'
import { chainEnd, type LinkedEvent, readChain } from './read-chain.ts'
import { recordAudit } from './record.ts'
import type { AuditFilter, ExportFormat } from './schema.ts'

const columns = ['number', 'id', 'at', 'actor', 'address', 'action', 'outcome', 'subject', 'changes', 'hash'] as const

/**
 * The audit log in the order of its chain, up to the event that says that it was exported; piece by piece, whatever its
 * length.
 */
export async function exportAudit(
  db: Db,
  { format, filter }: { format: ExportFormat; filter: AuditFilter },
  actor: string,
): Promise<AsyncGenerator<string, void>> {
  const chosen = Object.entries(filter).filter(([, value]) => value !== undefined)
  await recordAudit(db, {
    actor,
    action: 'audit.export',
    outcome: 'success',
    subject: `${format.toUpperCase()}, ${chosen.length === 0 ? 'everything' : chosen.map(([name, value]) => `${name} ${wordOf(value)}`).join(', ')}`,
  })
  const through = (await chainEnd(db)).number
  return pieces(db, format, filter, through)
}

const wordOf = (value: string | Date) => (value instanceof Date ? value.toISOString() : value)

async function* pieces(
  db: Db,
  format: ExportFormat,
  filter: AuditFilter,
  through: bigint,
): AsyncGenerator<string, void> {
  const lineOf = format === 'csv' ? csvOf : jsonOf
  if (format === 'csv') yield csvLine(columns)
  for await (const entries of readChain(db, { through, filter })) yield entries.map(lineOf).join('')
}

/** `changes` as PostgreSQL has it: its text is what was hashed. */
function jsonOf({ number, eventId, hash, event }: LinkedEvent): string {
  // What was removed is not passed over.
  if (!event) return `{"number":${number},"id":${eventId},"removed":true,"hash":"${hash}"}\n`
  const { id, at, actor, address, action, outcome, subject, changes } = event
  const named = JSON.stringify({ at, actor, address, action, outcome, subject }).slice(1, -1)
  return `{"number":${number},"id":${id},${named},"changes":${changes},"hash":"${hash}"}\n`
}

function csvOf({ number, eventId, hash, event }: LinkedEvent): string {
  const removed = { number: String(number), id: String(eventId), subject: 'removed' }
  const row: Partial<Readonly<Record<(typeof columns)[number], string | null>>> = { ...(event ?? removed), hash }
  return csvLine(columns.map((name) => row[name] ?? ''))
}
