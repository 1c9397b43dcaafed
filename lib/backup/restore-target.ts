import {
  accessSync,
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import path from 'node:path'
import { type BytePath, toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import { type OpenFolder, openFolder, reachedByNoLink } from '#lib/archive/open-folder.ts'
import type { Overwrite } from '#lib/archive/overwrite.ts'
import { fixOf } from '#lib/archive/restore-errors.ts'
import { reasonOf, systemCode } from '#lib/archive/system-error.ts'
import { unfinishedName } from '#lib/archive/unfinished.ts'
import { bytesText } from '#lib/bytes-text.ts'
import { AppError } from '#lib/errors.ts'
import { isNotEmpty, replaceAnothers, whoMakesWay } from './anothers-folder.ts'

interface PreparedTarget {
  readonly folder: OpenFolder
  /** This restore made it, perhaps in another one's place. */
  readonly isNew: boolean
  /** For a restore that failed, while `folder` is open: where nothing came into it, it is gone, or has its owner and mode again. Never throws. */
  readonly takeBack: () => void
}

/**
 * Makes the folder, or opens the one that is there, reached by no link: where one is put above it after it was looked at,
 * the restore would write elsewhere, for root anywhere. Without `overwrite` nobody else can look into it or write to it.
 * @param target what the messages name, wherever it is written
 * @param bytes that need room
 */
export function prepareTarget(
  at: string,
  target: string,
  bytes: number,
  overwrite: Overwrite | undefined,
): PreparedTarget {
  try {
    return reachedByNoLink(toBytePath(at), (place) => {
      const isMade = makeIfNotThere(place)
      let folder = openFolder(place)
      const was = isMade ? undefined : folder.stat
      const takeBack = () => {
        if (!was) removeMade(at, folder.stat)
        else if (overwrite === undefined) giveBack(folder, was)
      }
      try {
        mustTake(target, folder.inside('.'), bytes, overwrite)
        if (overwrite !== undefined) return { folder, isNew: isMade, takeBack }
        const isReplaced = was !== undefined && !isOurs(folder)
        if (isReplaced) {
          const mine = replaceAnothers(place, target, was)
          folder.close()
          folder = mine
        }
        const isNew = isMade || isReplaced
        if (isNew && !isOurs(folder))
          throw new AppError('conflict', `Somebody else replaced ${target} as soon as it was made.`, {
            fix: 'Restore into a folder in one that only you may write to.',
          })
        closeToOthers(folder)
        // Once more, for what came until now.
        mustBeEmpty(target, folder.inside('.'))
        return { folder, isNew, takeBack }
      } catch (error) {
        takeBack()
        folder.close()
        throw error
      }
    })
  } catch (cause) {
    throw systemCode(cause) === 'ENOENT' ? cannotBeMade(target, cause) : cannotUse(target, cause)
  }
}

function makeIfNotThere(at: BytePath): boolean {
  try {
    mkdirSync(toFsPath(at), { mode: 0o700 })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

function closeToOthers({ fd, stat }: OpenFolder): void {
  try {
    fchmodSync(fd, 0o700)
  } catch (error) {
    // A disk that gives all to one user lets only that one say who else has it.
    if (stat.uid === BigInt(process.geteuid?.() ?? -1)) throw error
  }
}

/**
 * Whether it belongs to us, or to whom all belongs that we make there: FAT and exFAT give it to one user, a file server may
 * give what root makes to nobody.
 */
function isOurs({ stat, inside }: OpenFolder): boolean {
  const own = process.geteuid?.()
  if (own === undefined || stat.uid === BigInt(own)) return true
  const probe = toFsPath(inside(unfinishedName(undefined)))
  let fd: number
  try {
    fd = openSync(probe, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  } catch (error) {
    if (systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') return false
    throw error
  }
  try {
    return fstatSync(fd, { bigint: true }).uid === stat.uid
  } finally {
    closeSync(fd)
    rmSync(probe, { force: true })
  }
}

/** A folder that a restore made, and that nothing came into, is not left behind. */
function removeMade(at: string, made: BigIntStats): void {
  try {
    reachedByNoLink(toBytePath(at), (place) => {
      const { dev, ino } = lstatSync(toFsPath(place), { bigint: true })
      if (dev === made.dev && ino === made.ino) rmdirSync(toFsPath(place))
    })
  } catch {
    // Something is in it, or somebody else has taken it away.
  }
}

/** Only an empty one: what was restored may have been in a folder that nobody else could look into. */
function giveBack({ fd, stat, inside }: OpenFolder, was: BigIntStats): void {
  try {
    if (readdirSync(toFsPath(inside('.'))).length > 0) return
    if (stat.uid !== was.uid || stat.gid !== was.gid) fchownSync(fd, Number(was.uid), Number(was.gid))
    fchmodSync(fd, Number(was.mode & 0o7777n))
  } catch {
    // It stays closed to others.
  }
}

export interface TargetLook {
  /** The one that is there already; undefined: a restore would make it. */
  readonly folder: OpenFolder | undefined
  /** The number of the user whose empty folder would make way for a new one. */
  readonly replacesFolderOf: bigint | undefined
}

/**
 * What a restore would find and do there. Changes nothing.
 * @param draft whether what is restored is written beside it first
 * @throws AppError as `prepareTarget` does
 */
export function lookAtTarget(
  target: string,
  bytes: number,
  { overwrite, draft }: { readonly overwrite: Overwrite | undefined; readonly draft: boolean },
): TargetLook {
  let folder: OpenFolder | undefined
  try {
    folder = openIfThere(target)
    const parent = path.dirname(target)
    accessSync(folder && !draft ? target : parent, constants.W_OK | constants.X_OK)
    if (folder) mustTake(target, folder.inside('.'), bytes, overwrite)
    else mustHaveRoom(target, toBytePath(parent), bytes, overwrite)
    const replacesFolderOf = folder && overwrite === undefined ? whoMakesWay(target, folder, draft) : undefined
    return { folder, replacesFolderOf }
  } catch (cause) {
    folder?.close()
    throw systemCode(cause) === 'ENOENT' ? cannotBeMade(target, cause) : cannotUse(target, cause)
  }
}

function openIfThere(target: string): OpenFolder | undefined {
  try {
    return openFolder(toBytePath(target))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** @param at the folder, which is there */
function mustTake(target: string, at: BytePath, bytes: number, overwrite: Overwrite | undefined): void {
  if (overwrite === undefined) mustBeEmpty(target, at)
  mustHaveRoom(target, at, bytes, overwrite)
}

function mustBeEmpty(target: string, at: BytePath): void {
  if (readdirSync(toFsPath(at)).length > 0) throw isNotEmpty(target)
}

/** @param at a folder of the disk that is meant */
function mustHaveRoom(target: string, at: BytePath, bytes: number, overwrite: Overwrite | undefined): void {
  const { bavail, bsize } = statfsSync(toFsPath(at))
  const free = bavail * bsize
  // What is overwritten may make room.
  if (overwrite === undefined && free < bytes)
    throw new AppError(
      'denied',
      `The disk of ${target} has ${bytesText(free)} free; this backup needs ${bytesText(bytes)}.`,
      { fix: 'Make room there, restore to another disk, or restore only some paths.' },
    )
}

function cannotBeMade(target: string, cause: unknown): AppError {
  return new AppError(
    'not-found',
    `${target} cannot be made: the folder that is to hold it does not exist, or takes no new folders.`,
    { cause, fix: 'Name a folder below one that is there, on a disk.' },
  )
}

function cannotUse(target: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  if (systemCode(cause) === 'ENOTDIR')
    return new AppError('invalid', `${target} is no folder, or lies below what is none: a file or a link is there.`, {
      cause,
      fix: 'Name a new folder, or the one that the link leads to.',
    })
  return new AppError('denied', `${target} cannot be restored into: ${reasonOf(cause)}.`, { cause, fix: fixOf(cause) })
}
