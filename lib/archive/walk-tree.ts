import { type BigIntStats, type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { type BytePath, toFsPath } from './byte-path.ts'
import type { SkippedItem } from './entry.ts'
import { type OpenFolder, openFolder } from './open-folder.ts'
import type { PathFilter } from './path-filter.ts'
import { reasonOf } from './system-error.ts'

/** Something found in a tree. `at` opens it, and only until the next one is asked for. */
export type Found =
  | { readonly type: 'file'; readonly path: BytePath; readonly at: BytePath }
  | FoundFolder
  | { readonly type: 'symlink'; readonly path: BytePath; readonly stat: BigIntStats; readonly target: BytePath }
  | SkippedItem

interface FoundFolder {
  readonly type: 'folder'
  readonly path: BytePath
  readonly stat: BigIntStats
}

/** Where an earlier walk ended: `again` begins with this very thing, `into` with what it holds, `past` after all that. */
export interface WalkStart {
  readonly path: BytePath
  readonly step: 'again' | 'into' | 'past'
}

interface Level {
  readonly folder: OpenFolder
  readonly prefix: BytePath
  readonly items: readonly Dirent[]
  next: number
  /** The folder itself, to be named as soon as something in it is. */
  unnamed: FoundFolder | undefined
}

interface WalkOptions {
  readonly filter?: PathFilter | undefined
  readonly start?: WalkStart | undefined
}

/** Everything under an open folder: each folder before what it holds, names in byte order. Never follows a link. */
export function* walkTree(root: OpenFolder, { filter, start }: WalkOptions = {}): Generator<Found> {
  const levels: Level[] = []
  const enter = (folder: OpenFolder, path: BytePath, unnamed?: FoundFolder): SkippedItem | undefined => {
    const level = { folder, prefix: path === '.' ? '' : `${path}/`, next: 0, unnamed }
    try {
      levels.push({ ...level, items: namesInByteOrder(folder) })
      return undefined
    } catch (error) {
      levels.push({ ...level, items: [] })
      return { type: 'skipped', path, warning: `its content cannot be listed: ${reasonOf(error)}` }
    }
  }

  try {
    if (!start || (start.path === '.' && start.step === 'again')) yield { type: 'folder', path: '.', stat: root.stat }
    const unlisted = enter(root, '.')
    if (unlisted) yield unlisted
    if (start && start.path !== '.') goTo(start, levels, enter)

    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const item = level.items[level.next++]
      if (!item) {
        levels.pop()
        if (level.folder !== root) level.folder.close()
        continue
      }
      const path = level.prefix + item.name
      const at = level.folder.inside(item.name)
      const verdict = filter?.(path, isFolder(item, at)) ?? 'take'
      if (verdict === 'pass') continue
      const found = item.isFile() ? { type: 'file' as const, path, at } : identify(at, path)
      if (!('folder' in found)) {
        if (verdict === 'look') continue // it was a folder a moment ago
        yield* unnamedOf(levels)
        yield found
        continue
      }
      const folder = { type: 'folder' as const, path, stat: found.folder.stat }
      const unlistedFolder = enter(found.folder, path, folder)
      if (verdict === 'take') yield* unnamedOf(levels)
      if (unlistedFolder) yield unlistedFolder
    }
  } finally {
    for (const { folder } of levels) if (folder !== root) folder.close()
  }
}

function* unnamedOf(levels: readonly Level[]): Generator<FoundFolder> {
  for (const level of levels) {
    if (!level.unnamed) continue
    yield level.unnamed
    level.unnamed = undefined
  }
}

/** Opens the folders down to where the walk goes on. What is gone by now is passed over. */
function goTo({ path, step }: WalkStart, levels: Level[], enter: (folder: OpenFolder, path: BytePath) => unknown) {
  const parts = path.split('/')
  for (const [depth, name] of parts.entries()) {
    const level = levels.at(-1)
    if (!level) return
    const last = depth === parts.length - 1
    level.next = level.items.findIndex((item) => (last && step === 'again' ? item.name >= name : item.name > name))
    if (level.next < 0) level.next = level.items.length
    if (last && step !== 'into') return
    const inside = level.prefix + name
    const found = identify(level.folder.inside(name), inside)
    if (!('folder' in found)) return
    enter(found.folder, inside)
  }
}

function isFolder(item: Dirent, at: BytePath): boolean {
  if (item.isDirectory()) return true
  if (item.isFile() || item.isSymbolicLink()) return false
  // A listing need not know what it lists.
  return lstatSync(toFsPath(at), { throwIfNoEntry: false })?.isDirectory() ?? false
}

function namesInByteOrder(folder: OpenFolder): Dirent[] {
  const items = readdirSync(folder.inside('.'), { encoding: 'latin1', withFileTypes: true })
  return items.sort((a, b) => (a.name < b.name ? -1 : 1))
}

// What a listing knows of a thing's type may be out of date.
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
