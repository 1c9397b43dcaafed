import { Card } from '#components/ui/card.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import type { Warning } from '#lib/backup/schema.ts'

/** What is not in the backup, or not as it was: never a silent gap. */
export function WarningList({ warnings, total }: { warnings: readonly Warning[]; total: number }) {
  return (
    <Card
      title="Warnings"
      hint={
        total > warnings.length
          ? `The first ${formatNumber(warnings.length)} of ${formatNumber(total)}. Everything else was backed up.`
          : 'Everything else was backed up.'
      }
    >
      <ul className="divide-y divide-line rounded-control border border-line">
        {warnings.map((warning) => (
          <li key={`${warning.path} ${warning.message}`} className="px-3.5 py-2">
            <code className="line-clamp-3 wrap-anywhere">{warning.path}</code>
            <p className="text-sm text-ink-2 wrap-anywhere">{warning.message}</p>
          </li>
        ))}
      </ul>
    </Card>
  )
}
