import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import type { KeyDependents } from '#lib/key-health/schema.ts'

/** One sentence: backups, and what of them would be lost; environment and schedules. */
export function dependentsWords({ backups, bytes, onlyWayIn, schedules, inUse }: KeyDependents): string {
  const lost = onlyWayIn === 0 ? 'all with another way in' : `${formatNumber(onlyWayIn)} with no other way in`
  const held = backups === 0 ? 'no backup' : `${count(backups, 'backup')} (${formatBytes(bytes)}), ${lost}`
  const use = inUse ? `, new backups${schedules > 0 ? ` and ${count(schedules, 'schedule')}` : ''}` : ''
  return `${held}${use}.`
}
