import { closeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type BytePath, toBytePath } from '#lib/archive/byte-path.ts'
import { describeOpened } from '#lib/archive/describe-opened.ts'
import type { SkippedItem } from '#lib/archive/entry.ts'
import { HardLinks } from '#lib/archive/hard-links.ts'
import { openLent } from '#lib/archive/open-file.ts'
import { reasonToLeaveOut } from '#lib/archive/system-error.ts'
import type { Found } from '#lib/archive/walk-tree.ts'
import { warningOfNothing } from './end-backup.ts'
import { openPlace } from './open-source.ts'
import type { PlaceSource } from './source.ts'

// What a backup would hold, by what makes one: its walk, its patterns, its way to open files and to tell their further
// names. Only the content is not read: what cannot be read to its end, or changes meanwhile, shows in the backup alone.

const LET_OTHERS_WORK_AFTER_MS = 10

type FoundItem =
  | { readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'; readonly path: BytePath; readonly size: number }
  | SkippedItem

export type PreviewedItem =
  | FoundItem
  /** By a pattern, with all that is below; undefined: because no pattern of `include` matches it. */
  | {
      readonly type: 'left out'
      readonly path: BytePath
      readonly isFolder: boolean
      readonly pattern: string | undefined
    }

export interface BackupPreview {
  files: number
  folders: number
  links: number
  bytes: number
  /** What a backup would warn of. */
  warnings: number
  /** A folder counts as one. */
  leftOut: number
}

/**
 * @param onItem is called for everything that is found, in the order of a backup
 * @param goOn is asked before each: whoever reads of it may have seen enough
 * @throws AppError as `openPlace` does
 */
export async function previewBackup(
  source: PlaceSource,
  onItem: (item: PreviewedItem) => void,
  goOn: () => boolean = () => true,
): Promise<BackupPreview> {
  const totals: BackupPreview = { files: 0, folders: 0, links: 0, bytes: 0, warnings: 0, leftOut: 0 }
  const opened = openPlace(source, (path, isFolder, pattern) => {
    totals.leftOut += 1
    onItem({ type: 'left out', path, isFolder, pattern })
  })
  const links = new HardLinks()
  let since = performance.now()
  try {
    for (const found of opened.all()) {
      if (!goOn()) return totals
      if (performance.now() - since > LET_OTHERS_WORK_AFTER_MS) {
        await setImmediate()
        since = performance.now()
      }
      const item = await itemOf(found, links)
      if (item.type === 'skipped') totals.warnings += 1
      else totals[item.type === 'file' ? 'files' : item.type === 'folder' ? 'folders' : 'links'] += 1
      if ('size' in item) totals.bytes += item.size
      onItem(item)
    }
    const empty = warningOfNothing(source, totals, 'nothing would be backed up')
    if (empty) {
      totals.warnings += 1
      onItem({ type: 'skipped', path: toBytePath(empty.path), warning: empty.message })
    }
    return totals
  } finally {
    opened.close()
  }
}

async function itemOf(found: Found, links: HardLinks): Promise<FoundItem> {
  const { type, path } = found
  if (type === 'skipped') return found
  if (type !== 'file') return { type, path, size: 0 }
  let fd: number | undefined
  try {
    fd = await openLent(found.at, undefined)
    const file = describeOpened(fd, path, links)
    return 'described' in file ? { type: file.described.type, path, size: file.described.size } : file
  } catch (error) {
    return { type: 'skipped', path, warning: reasonToLeaveOut(error, path) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
