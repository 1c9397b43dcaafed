import { type BigIntStats, type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { type BytePath, toFsPath } from './byte-path.ts'
import type { SkippedItem } from './entry.ts'
import { type OpenFolder, openFolder } from './open-folder.ts'
import { reasonOf } from './system-error.ts'

/** Something found in a tree. `at` opens it, and only until the next one is asked for. */
export type Found =
  | { readonly type: 'file'; readonly path: BytePath; readonly at: BytePath }
  | { readonly type: 'folder'; readonly path: BytePath; readonly stat: BigIntStats }
  | { readonly type: 'symlink'; readonly path: BytePath; readonly stat: BigIntStats; readonly target: BytePath }
  | SkippedItem

/** True: leave this out, and everything under it. */
export type Exclude = (path: BytePath) => boolean

interface Level {
  readonly folder: OpenFolder
  readonly prefix: BytePath
  readonly items: readonly Dirent[]
  next: number
}

/** Everything under an open folder: each folder before what it holds, names in byte order. Never follows a link. */
export function* walkTree(root: OpenFolder, exclude: Exclude = () => false): Generator<Found> {
  const levels: Level[] = []
  const enter = (folder: OpenFolder, path: BytePath): SkippedItem | undefined => {
    const level = { folder, prefix: path === '.' ? '' : `${path}/`, next: 0 }
    try {
      levels.push({ ...level, items: namesInByteOrder(folder) })
      return undefined
    } catch (error) {
      levels.push({ ...level, items: [] })
      return { type: 'skipped', path, warning: `its content cannot be listed: ${reasonOf(error)}` }
    }
  }

  try {
    yield { type: 'folder', path: '.', stat: root.stat }
    const unlisted = enter(root, '.')
    if (unlisted) yield unlisted
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const item = level.items[level.next++]
      if (!item) {
        levels.pop()
        if (level.folder !== root) level.folder.close()
        continue
      }
      const path = level.prefix + item.name
      if (exclude(path)) continue
      const at = level.folder.inside(item.name)
      const found = item.isFile() ? { type: 'file' as const, path, at } : identify(at, path)
      if ('folder' in found) {
        const unlistedFolder = enter(found.folder, path)
        yield { type: 'folder', path, stat: found.folder.stat }
        if (unlistedFolder) yield unlistedFolder
      } else yield found
    }
  } finally {
    for (const { folder } of levels) if (folder !== root) folder.close()
  }
}

function namesInByteOrder(folder: OpenFolder): Dirent[] {
  const items = readdirSync(folder.inside('.'), { encoding: 'latin1', withFileTypes: true })
  return items.sort((a, b) => (a.name < b.name ? -1 : 1))
}

// A listing need not know the type of what it lists, and what it knows may be out of date.
function identify(at: BytePath, path: BytePath): Found | { readonly folder: OpenFolder } {
  try {
    const stat = lstatSync(toFsPath(at), { bigint: true })
    if (stat.isDirectory()) return { folder: openFolder(at) }
    if (stat.isFile()) return { type: 'file', path, at }
    if (!stat.isSymbolicLink()) return { type: 'skipped', path, warning: `a ${kindOf(stat)} has no content to back up` }
    return { type: 'symlink', path, stat, target: readlinkSync(toFsPath(at), { encoding: 'latin1' }) }
  } catch (error) {
    return { type: 'skipped', path, warning: reasonOf(error) }
  }
}

export function kindOf(stat: BigIntStats): string {
  if (stat.isSocket()) return 'socket'
  if (stat.isFIFO()) return 'named pipe'
  return stat.isBlockDevice() || stat.isCharacterDevice() ? 'device' : 'file of an unknown type'
}
