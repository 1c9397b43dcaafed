import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { exactTime } from '#components/ui/format-time.ts'
import type { AuditVerdict } from '#lib/audit/schema.ts'

/** What going through the whole log found, in a sentence or two. */
export function verdictText({ inOrder, since, signed, fault }: AuditVerdict): string {
  const entries = count(Number(inOrder), 'event')
  if (fault !== null)
    return `${fault} Before it: ${entries} in order. Keep this database as it is, with a copy of it, and find out who changed it.`
  if (since === null) return 'There is no event yet.'
  const all = `All in order: ${entries}, since ${exactTime(since)}.`
  return signed ? `${all} The signature up to event ${formatNumber(Number(signed.number))} fits.` : all
}
