import { lstatSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '#lib/errors.ts'
import { isWithin } from '#lib/is-within.ts'

interface Roots {
  readonly dataDir: string
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
}

/** Folders that the page offers: each source root, and the folders directly in it. */
export function offeredSources({ sourceRoots }: Pick<Roots, 'sourceRoots'>): { path: string; label: string }[] {
  return sourceRoots.flatMap((root) => {
    try {
      const inside = readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => path.join(root, entry.name))
        .sort()
      return [root, ...inside].map((folder) => ({ path: folder, label: folder }))
    } catch {
      return []
    }
  })
}

/**
 * The real path of a folder to back up. Links are resolved first, so that none leads out of a root.
 * @param from `page`: must be below a source root. `host`: whoever may run commands on this machine may read what they like.
 */
export function resolveSource(roots: Roots, source: string, from: 'page' | 'host'): string {
  const real = realFolder(source)
  const allowed = roots.sourceRoots.some((root) => isWithin(realOrSelf(root), real))
  if (from === 'page' && !allowed) {
    throw new AppError('denied', `${source} is not below a folder that may be backed up.`, {
      fix: 'Add its root to VAULT_SOURCE_ROOTS and restart the console.',
    })
  }
  mustBeOutsideData(roots, real)
  return real
}

/**
 * The real path of a single file to back up; undefined for a folder, and for what is not there.
 * @throws AppError `invalid` for a device, a pipe or a socket
 */
export function resolveFile(roots: Pick<Roots, 'dataDir' | 'sourceRoots'>, source: string): string | undefined {
  mustBeText(source)
  try {
    const real = realpathSync.native(path.resolve(source))
    const found = statSync(real)
    if (found.isDirectory()) return undefined
    if (!found.isFile())
      throw new AppError('invalid', `${source} is neither a folder nor a file.`, {
        fix: 'What it gives can be piped in: byok backup create -',
      })
    mustBeOutsideData(roots, real)
    return real
  } catch (error) {
    if (error instanceof AppError) throw error
    return undefined
  }
}

/** The worker's last look: a folder of this machine, reached through no link, and not the console's own. */
export function mustBeReal(roots: Pick<Roots, 'dataDir' | 'sourceRoots'>, source: string): void {
  const real = realFolder(source)
  if (real !== source)
    throw new AppError('denied', `${source} leads through a link to ${real}.`, { fix: 'Back up that folder itself.' })
  mustBeOutsideData(roots, real)
}

/** The same for a single file. */
export function mustBeRealFile(roots: Pick<Roots, 'dataDir' | 'sourceRoots'>, source: string): void {
  mustLeadThroughNoLink(source, 'Name the file by its real path.')
  mustBeOutsideData(roots, source)
}

/** @throws AppError `denied` for the console's own data folder, what is in it but no source root, and what holds it */
export function mustBeOutsideData(roots: Pick<Roots, 'dataDir' | 'sourceRoots'>, folder: string): void {
  const data = realOrSelf(roots.dataDir)
  if (isWithin(folder, data) || (isWithin(data, folder) && !isInRootOf(data, roots.sourceRoots, folder))) {
    throw new AppError(
      'denied',
      `${folder} holds the console’s own data folder or is part of it, and is never backed up.`,
      {
        fix: 'Choose a folder beside it.',
      },
    )
  }
}

/**
 * Where a restore goes: a folder that does not exist yet, or is empty. Its parent is made when it is a restore root.
 * @param existing it may be one that holds files as well
 */
export function resolveTarget(roots: Roots, target: string, from: 'page' | 'host', existing = false): string {
  mustBeText(target)
  const absolute = from === 'page' ? path.resolve(roots.restoreRoots[0] ?? '/', target) : path.resolve(target)
  for (const root of roots.restoreRoots) {
    if (isWithin(root, absolute)) mkdirSync(root, { recursive: true, mode: 0o700 })
  }
  const parent = realFolder(path.dirname(absolute))
  // Not path.join: Next's build would take it for a reason to pack up the whole project.
  const real = `${parent === path.sep ? '' : parent}${path.sep}${path.basename(absolute)}`
  if (
    from === 'page' &&
    !roots.restoreRoots.some((root) => isWithin(realOrSelf(root), parent) && real !== realOrSelf(root))
  ) {
    throw new AppError('denied', `${target} is not below a folder that may be restored into.`, {
      fix: `Choose a new folder below ${roots.restoreRoots.join(' or ')}.`,
    })
  }
  mustBeOutsideDataOf(roots, real)
  mustBeFree(real, existing)
  return real
}

/** The worker’s last look: reached through no link, which could lead out of its roots, and not in the console’s own folder. */
export function mustBeRealTarget(roots: Pick<Roots, 'dataDir' | 'restoreRoots'>, target: string): void {
  mustLeadThroughNoLink(target, 'Restore into that folder itself.')
  mustBeOutsideDataOf(roots, target)
}

/** @throws AppError `denied` for a link above what lies, or is to lie, there; what it is itself is not looked at */
export function mustLeadThroughNoLink(place: string, fix: string): void {
  const parent = path.dirname(place)
  const real = realOrSelf(parent)
  if (real !== parent) throw new AppError('denied', `${place} leads through a link to ${real}.`, { fix })
}

function mustBeOutsideDataOf(roots: Pick<Roots, 'dataDir' | 'restoreRoots'>, target: string): void {
  const data = realOrSelf(roots.dataDir)
  if (isWithin(data, target) && !isInRootOf(data, roots.restoreRoots, path.dirname(target)))
    throw new AppError('denied', `${target} is inside the console’s own data folder.`, {
      fix: 'Choose a folder beside it.',
    })
}

/** @throws AppError `conflict` when something is there already; a folder with files in it may be where `existing` says so */
export function mustBeFree(target: string, existing = false): void {
  let names: string[]
  try {
    if (lstatSync(target).isSymbolicLink())
      throw new AppError('conflict', `${target} is a link.`, { fix: 'Name a new folder, or the one it leads to.' })
    names = readdirSync(target)
  } catch (error) {
    if (error instanceof AppError) throw error
    if (codeOf(error) === 'ENOENT') return
    if (codeOf(error) === 'ENOTDIR')
      throw new AppError('conflict', `${target} exists and is not a folder.`, { fix: 'Name a new folder.' })
    throw new AppError('denied', `${target} cannot be read: ${codeOf(error)}.`, { cause: error })
  }
  if (names.length > 0 && !existing)
    throw new AppError('conflict', `${target} is not empty.`, {
      fix: 'Name a new folder, or say under “Files already there” (--overwrite) what is to become of them.',
    })
  if (!existing && statSync(target).dev !== statSync(path.dirname(target)).dev) throw isMountPoint(target)
}

/** A disk’s own folder cannot be replaced by the finished one, which would besides be written to another disk. */
export function isMountPoint(target: string): AppError {
  return new AppError('conflict', `${target} is where a disk is mounted, so no restored folder can take its place.`, {
    fix: 'Name a new folder in it, or restore into it with --overwrite (“Files already there”).',
  })
}

function realFolder(folder: string): string {
  mustBeText(folder)
  try {
    const real = realpathSync.native(path.resolve(folder))
    if (statSync(real).isDirectory()) return real
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw new AppError('not-found', `The folder ${folder} does not exist.`, {
        fix: 'Name one that is there, or make it.',
      })
    if (codeOf(error) !== 'ENOTDIR')
      throw new AppError('denied', `The folder ${folder} cannot be read: ${codeOf(error)}.`, { cause: error })
  }
  throw new AppError('invalid', `${folder} is not a folder.`)
}

function mustBeText(name: string): void {
  if (name.includes('\0')) throw new AppError('invalid', 'A path cannot contain a NUL character.')
}

/** In a root that itself lies in the data folder, as the sample and the restores do. A root that holds the data folder opens nothing in it. */
function isInRootOf(data: string, roots: readonly string[], folder: string): boolean {
  return roots.map(realOrSelf).some((root) => root !== data && isWithin(data, root) && isWithin(root, folder))
}

function realOrSelf(folder: string): string {
  try {
    return realpathSync.native(folder)
  } catch {
    return folder
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
