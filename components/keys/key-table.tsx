import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import type { KeyRow } from '#lib/key-holdings/schema.ts'
import { keyHref } from './key-href.ts'
import { type KeyLine, KeyLines } from './key-lines.tsx'
import { keyIdOf, keyName, keyPlace } from './key-name.ts'
import { stateWords } from './key-state-badge.tsx'

/** Every key with what hangs on it, one a row. */
export function KeyTable({ rows }: { rows: readonly KeyRow[] }) {
  return <KeyLines lines={rows.map(lineOf)} />
}

function lineOf(row: KeyRow): KeyLine {
  const { arn, backups, bytes, underWay, lost, oldest, newest, health } = row
  const [name, id] = [keyName(row), keyIdOf(arn)]
  return {
    arn,
    href: keyHref(arn),
    name,
    id: name === id ? undefined : id,
    place: keyPlace(arn),
    state: stateWords(row),
    checkedAt: health?.checkedAt ?? undefined,
    backups: formatNumber(backups),
    bytes: backups > 0 ? formatBytes(bytes) : undefined,
    counted: backups > 0 ? `${count(backups, 'backup')}, ${formatBytes(bytes)}` : 'No backups',
    underWay: underWay > 0 ? `${formatNumber(underWay)} under way` : undefined,
    lost: lost.backups > 0 ? [formatNumber(lost.backups), formatBytes(lost.bytes)] : undefined,
    points: oldest && newest ? (oldest === newest ? [newest] : [newest, oldest]) : [],
    neededFor: neededFor(row),
  }
}

/** The first is what matters most. */
function neededFor({ environment, schedules, seal, backups, underWay }: KeyRow): string | undefined {
  const uses = [
    environment && (environment.as === 'main' ? 'New backups' : 'New backups, as a further key'),
    schedules > 0 && count(schedules, 'schedule'),
    seal && 'The seal',
  ].filter((use) => typeof use === 'string')
  if (uses.length > 0) return uses.join(', ')
  return backups > 0 || underWay > 0 ? 'Older backups' : undefined
}
