import { lstatSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import { openFolder, reachedByNoLink } from '#lib/archive/open-folder.ts'
import type { PathFilter } from '#lib/archive/path-filter.ts'
import { walkTree } from '#lib/archive/walk-tree.ts'
import type { BackupSource } from './source.ts'

const slice = 256

/**
 * How much there is to back up, for “time left”. Runs beside the backup in small slices; what cannot be read is not
 * counted, because the backup itself reports it.
 */
export async function countSource(
  source: string,
  signal: AbortSignal,
  filter?: PathFilter,
): Promise<{ files: number; bytes: number }> {
  const root = reachedByNoLink(toBytePath(source), openFolder)
  let files = 0
  let bytes = 0
  let seen = 0
  try {
    for (const found of walkTree(root, { filter })) {
      if (++seen % slice === 0) await setImmediate()
      signal.throwIfAborted()
      if (found.type !== 'file') continue
      try {
        bytes += lstatSync(toFsPath(found.at)).size
        files += 1
      } catch {}
    }
    return { files, bytes }
  } finally {
    root.close()
  }
}

/** The same of what is not a folder. Undefined where it is not known: a stream may go on for ever, a disk says 0. */
export async function sizeOf(source: BackupSource): Promise<{ files: number; bytes: number } | undefined> {
  let bytes: number | undefined
  if (source.kind === 'file') bytes = reachedByNoLink(toBytePath(source.path), (at) => lstatSync(toFsPath(at)).size)
  if (source.kind === 'stream') bytes = source.size
  return bytes ? { files: 1, bytes } : undefined
}
