/** What the row of a complete backup says of its size. */
export interface Held {
  readonly files: number | null
  readonly bytes: bigint | null
  readonly warningCount: number
}

/** More things that cannot be read than before, and so many that it is no accident. */
const manyUnread = 10

/**
 * Whether a backup holds so much less than an earlier one of its schedule that its source may not have been all there, as
 * when a disk goes away in the middle: less than a tenth of the files or of the bytes; or, where more could not be read than
 * then, less than half, or as much unread as a tenth of those files.
 */
export function holdsFarLess(backup: Held, earlier: Held): boolean {
  const unread = backup.warningCount - earlier.warningCount
  const times = unread > 0 ? 2 : 10
  const [files, filesThen] = [backup.files ?? 0, earlier.files ?? 0]
  const [bytes, bytesThen] = [Number(backup.bytes ?? 0n), Number(earlier.bytes ?? 0n)]
  return files * times < filesThen || bytes * times < bytesThen || (unread >= manyUnread && unread * 10 > filesThen)
}

/**
 * Backups in ranks, each oldest first: none takes a place in the rank of one that it holds far less than.
 * @param backups oldest first
 */
export function inRanks<B extends Held>(backups: readonly B[]): B[][] {
  const ranks: B[][] = []
  for (let left = backups; left.length > 0; ) {
    const { full = [], less = [] } = Object.groupBy(left, (backup, index) =>
      left.slice(0, index).some((earlier) => holdsFarLess(backup, earlier)) ? 'less' : 'full',
    )
    ranks.push(full)
    left = less
  }
  return ranks
}
