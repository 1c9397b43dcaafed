import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import type { KeyDependents } from '#lib/key-health/schema.ts'

/** One sentence: backups, and what of them would be lost; environment and schedules; the console's own secrets. */
export function dependentsWords({ backups, bytes, onlyWayIn, schedules, inUse, seal }: KeyDependents): string {
  const lost = onlyWayIn === 0 ? 'all with another way in' : `${formatNumber(onlyWayIn)} with no other way in`
  const held = backups === 0 ? 'no backup' : `${count(backups, 'backup')} (${formatBytes(bytes)}), ${lost}`
  const use = inUse ? `, new backups${schedules > 0 ? ` and ${count(schedules, 'schedule')}` : ''}` : ''
  const own = seal ? `, the seal of this console: ${sealWords(seal)}` : ''
  return `${held}${use}${own}.`
}

/** What only the seal's key opens. */
export function sealWords({ secrets, backups }: NonNullable<KeyDependents['seal']>): string {
  const through = backups > 0 ? ` and ${count(backups, 'backup')} of method AES-256` : ''
  return `${count(secrets, 'secret')}${through}`
}
