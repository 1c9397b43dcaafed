import { type BigIntStats, type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { type BytePath, displayPath, toFsPath } from './byte-path.ts'
import type { SkippedItem } from './entry.ts'
import { type OpenFolder, openFolder } from './open-folder.ts'
import type { PathFilter } from './path-filter.ts'
import { reasonToLeaveOut, systemCode } from './system-error.ts'

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
  /** The folders above it as they were then, from the top, as far as they are known. */
  readonly way?: readonly FolderIdentity[]
}

/** What makes a folder the same one. Times in nanoseconds. */
export type FolderIdentity = Pick<BigIntStats, 'ino' | 'birthtimeNs'>

/** Told first by a walk that goes on below its root: how it came to where that is. */
export interface Arrival {
  readonly type: 'arrival'
  /** The folders that it opened on the way, from the top. */
  readonly way: readonly FoundFolder[]
  /** What is not as it was: one of them cannot be read on, or is another folder by now. */
  readonly warnings: readonly string[]
}

/** What is false for all of a thing's types is looked at. */
type Item = Pick<Dirent, 'name' | 'isFile' | 'isDirectory' | 'isSymbolicLink'>

interface Level {
  readonly folder: OpenFolder
  readonly prefix: BytePath
  readonly items: readonly Item[]
  next: number
  /** The folder itself, to be named as soon as something in it is. */
  unnamed: FoundFolder | undefined
}

interface WalkOptions {
  readonly filter?: PathFilter | undefined
  readonly start?: WalkStart | undefined
}

/** Everything under an open folder: each folder before what it holds, names in byte order. Never follows a link. */
export function walkTree(root: OpenFolder, options?: Pick<WalkOptions, 'filter'>): Generator<Found>
export function walkTree(root: OpenFolder, options: WalkOptions): Generator<Found | Arrival>
export function* walkTree(root: OpenFolder, { filter, start }: WalkOptions = {}): Generator<Found | Arrival> {
  const levels: Level[] = []
  const enter = (folder: OpenFolder, path: BytePath, unnamed?: FoundFolder): SkippedItem | undefined => {
    const level = { folder, prefix: path === '.' ? '' : `${path}/`, next: 0, unnamed }
    try {
      levels.push({ ...level, items: namesInByteOrder(folder) })
      return undefined
    } catch (error) {
      levels.push({ ...level, items: [] })
      return { type: 'skipped', path, warning: `its content cannot be listed: ${reasonToLeaveOut(error, path)}` }
    }
  }

  try {
    if (!start || (start.path === '.' && start.step === 'again')) yield { type: 'folder', path: '.', stat: root.stat }
    const unlisted = enter(root, '.')
    if (start && start.path !== '.')
      yield unlisted
        ? { type: 'arrival', way: [], warnings: [lostBeyond('.', unlisted.warning)] }
        : goTo(start, levels, enter)
    else if (unlisted) yield unlisted

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
        if (verdict === 'take') yield* unnamedOf(levels)
        // It was a folder a moment ago. Of one that cannot be opened nobody knows whether it holds what is wanted.
        else if (found.type !== 'skipped') continue
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

/**
 * Opens the folders down to where the walk goes on. Where one of them cannot be read on, it goes on after that folder;
 * where one is another by now, in that one.
 */
function goTo(
  { path, step, way: before = [] }: WalkStart,
  levels: Level[],
  enter: (folder: OpenFolder, path: BytePath) => SkippedItem | undefined,
): Arrival {
  const parts = path.split('/')
  const way: FoundFolder[] = []
  let replaced: string | undefined
  const arrived = (lost?: string): Arrival => {
    return { type: 'arrival', way, warnings: [replaced, lost].filter((warning) => warning !== undefined) }
  }
  for (const [depth, name] of parts.entries()) {
    const level = levels.at(-1)
    if (!level) break
    const last = depth === parts.length - 1
    const again = last && step === 'again'
    level.next = level.items.findIndex((item) => (again ? item.name >= name : item.name > name))
    if (level.next < 0) level.next = level.items.length
    if (last && step !== 'into') break
    const inside = level.prefix + name
    const found = identify(level.folder.inside(name), inside)
    if (!('folder' in found))
      return arrived(lostBeyond(inside, found.type === 'skipped' ? found.warning : `it is a ${found.type} now`))
    const { stat } = found.folder
    const unlisted = enter(found.folder, inside)
    way.push({ type: 'folder', path: inside, stat })
    const known = before[depth]
    // A disk that is not mounted any more, above all: what lies below it then is hardly ever what was to be backed up.
    if (known && (stat.ino !== known.ino || stat.birthtimeNs !== known.birthtimeNs)) replaced ??= replacedSince(inside)
    if (unlisted) return arrived(lostBeyond(inside, unlisted.warning))
  }
  return arrived()
}

function replacedSince(folder: BytePath): string {
  return `“${displayPath(folder)}” is another folder since an interruption (was its disk mounted?): of what it held beyond this only what is in that one is in the backup`
}

function lostBeyond(folder: BytePath, why: string): string {
  const name = folder === '.' ? 'the source' : `“${displayPath(folder)}”`
  return `${name} could not be read on after an interruption (${why}): what it holds beyond this is not in the backup`
}

function isFolder(item: Item, at: BytePath): boolean {
  if (item.isDirectory()) return true
  if (item.isFile() || item.isSymbolicLink()) return false
  // A listing need not know what it lists.
  try {
    return lstatSync(toFsPath(at), { throwIfNoEntry: false })?.isDirectory() ?? false
  } catch {
    return true // perhaps; `identify` then says why nobody knows
  }
}

function namesInByteOrder(folder: OpenFolder): Item[] {
  const items = namesOf(folder.inside('.')).sort((a, b) => (a.name < b.name ? -1 : 1))
  // A folder that changes while it is listed may give a name twice (NFS, FUSE): no restore would take both.
  return items.filter(({ name }, index) => name !== items[index - 1]?.name)
}

function namesOf(folder: BytePath): Item[] {
  try {
    return readdirSync(folder, { encoding: 'latin1', withFileTypes: true })
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    // A file system need not say what it lists (NFS often does not). Node then looks at each thing itself, takes its name
    // for text, and gives up all of them when there is none of that name.
    return readdirSync(folder, 'latin1').map((name) => ({ name, isFile: no, isDirectory: no, isSymbolicLink: no }))
  }
}

const no = () => false

// What a listing knows of a thing's type may be out of date.
function identify(at: BytePath, path: BytePath): Found | { readonly folder: OpenFolder } {
  try {
    const stat = lstatSync(toFsPath(at), { bigint: true })
    if (stat.isDirectory()) return { folder: openFolder(at) }
    if (stat.isFile()) return { type: 'file', path, at }
    if (!stat.isSymbolicLink()) return { type: 'skipped', path, warning: `a ${kindOf(stat)} has no content to back up` }
    return { type: 'symlink', path, stat, target: readlinkSync(toFsPath(at), { encoding: 'latin1' }) }
  } catch (error) {
    return { type: 'skipped', path, warning: reasonToLeaveOut(error, path) }
  }
}

export function kindOf(stat: BigIntStats): string {
  if (stat.isSocket()) return 'socket'
  if (stat.isFIFO()) return 'named pipe'
  return stat.isBlockDevice() || stat.isCharacterDevice() ? 'device' : 'file of an unknown type'
}
