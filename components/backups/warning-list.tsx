import { Card } from '#components/ui/card.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import { Path } from '#components/ui/path-text.tsx'
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
      <LongList of="more warning" className="divide-y divide-line rounded-control border border-line">
        {warnings.map((warning) => (
          <li key={`${warning.path} ${warning.message}`} className="px-3.5 py-2">
            <Path path={warning.path} className="line-clamp-3 wrap-anywhere" />
            <p className="text-sm text-ink-2 wrap-anywhere">{warning.message}</p>
          </li>
        ))}
      </LongList>
    </Card>
  )
}
