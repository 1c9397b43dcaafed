import { displayPath } from '#lib/archive/byte-path.ts'
import type { BackupPreview, PreviewedItem } from '#lib/backup/preview-backup.ts'
import type { PreviewedEntry, RestorePreview } from '#lib/backup/preview-restore.ts'
import { bytesText, count, jsonList, numberText, plain, print } from './output.ts'

// What --dry-run prints: a line for each thing as it is found, and what it comes to at the end.

/** @param from what is backed up */
export function backupPreview(from: { readonly source: string; readonly host: string }, json = false) {
  if (json) return previewAsJson<PreviewedItem, BackupPreview>(from)
  return {
    onItem(item: PreviewedItem) {
      const path = displayPath(item.path)
      if (item.type === 'skipped') printItem('cannot', undefined, path, item.warning)
      else if (item.type !== 'left out')
        printItem(item.type, item.type === 'file' ? item.size : undefined, item.type === 'folder' ? `${path}/` : path)
      else {
        const why = item.pattern === undefined ? 'no --include matches it' : `--exclude ${item.pattern}`
        printItem('left out', undefined, item.isFolder ? `${path}/` : path, why)
      }
    },
    end({ files, links, bytes, leftOut, warnings }: BackupPreview) {
      print(
        `Would back up ${count(files, 'file')} and ${count(links, 'link')}, ${bytesText(bytes)}, of ${plain(from.source)}`,
      )
      if (leftOut > 0) print(`Patterns leave out ${count(leftOut, 'file or folder', 'files and folders')}`)
      if (warnings > 0) print(`Would have ${count(warnings, 'warning')}`)
    },
  }
}

/** @param to where it is restored */
export function restorePreview(to: { readonly backup: string; readonly target: string }, json = false) {
  if (json) return previewAsJson<PreviewedEntry, RestorePreview>(to)
  return {
    onItem(item: PreviewedEntry) {
      const path = displayPath(item.path)
      if (item.type === 'skipped') return printItem('cannot', undefined, path, item.warning)
      const { type, size, becomes, warning } = item
      printItem(becomes, type === 'file' ? size : undefined, type === 'folder' ? `${path}/` : path, warning)
    },
    end({ files, links, bytes, replaced, kept, warnings, replacesFolderOf }: RestorePreview) {
      const over = replaced > 0 ? `, ${numberText(replaced)} of them over what is there` : ''
      print(
        `Would restore ${count(files, 'file')} and ${count(links, 'link')}, ${bytesText(bytes)}, to ${plain(to.target)}${over}`,
      )
      if (replacesFolderOf !== undefined)
        print(
          `Would put a new folder in place of the empty one that is there, which belongs to another user (${replacesFolderOf})`,
        )
      if (kept > 0) print(`Would keep what is there in place of ${count(kept, 'file or link', 'files and links')}`)
      if (warnings > 0) print(`Would have ${count(warnings, 'warning')}`)
    },
  }
}

function previewAsJson<Item extends { readonly path: string }, Result extends object>(about: object) {
  const list = jsonList('items')
  return {
    onItem: (item: Item) => list.add({ ...item, path: displayPath(item.path) }),
    end: (result: Result) => list.end({ ...about, ...result }),
  }
}

function printItem(what: string, size: number | undefined, path: string, why?: string): void {
  const bytes = (size === undefined ? '' : bytesText(size)).padStart(10)
  print(`${what.padEnd(8)}  ${bytes}  ${plain(path)}${why === undefined ? '' : `  (${plain(why)})`}`)
}
