import { accessSync, constants, fchmodSync, fchownSync, mkdirSync, readdirSync, rmdirSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { type BytePath, toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import { type OpenFolder, openFolder, reachedByNoLink } from '#lib/archive/open-folder.ts'
import type { Overwrite } from '#lib/archive/overwrite.ts'
import { fixOf } from '#lib/archive/restore-errors.ts'
import { reasonOf, systemCode } from '#lib/archive/system-error.ts'
import { bytesText } from '#lib/bytes-text.ts'
import { AppError } from '#lib/errors.ts'

/**
 * Makes the folder, or opens the one that is there, reached by no link: where one is put above it after it was looked at,
 * the restore would write elsewhere, for root anywhere.
 * @param target what the messages name, wherever it is written
 * @param bytes that need room
 */
export function prepareTarget(
  at: string,
  target: string,
  bytes: number,
  overwrite: Overwrite | undefined,
): { folder: OpenFolder; isNew: boolean } {
  let isNew = false
  let folder: OpenFolder | undefined
  try {
    folder = reachedByNoLink(toBytePath(at), (place) => {
      isNew = makeIfNotThere(place)
      return openFolder(place)
    })
    mustTake(target, folder.inside('.'), bytes, overwrite)
    if (overwrite === undefined) makeOurs(folder, target)
    return { folder, isNew }
  } catch (cause) {
    folder?.close()
    if (isNew) removeEmpty(at)
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

/** A folder that a restore made, and that nothing came into, is not left behind. */
export function removeEmpty(at: string): void {
  try {
    rmdirSync(at)
  } catch {
    // Something is in it, or somebody else has taken it away.
  }
}

/**
 * For root, who may use what belongs to others: where anybody may write beside the target, as in /tmp, somebody may have made
 * this folder beforehand, and could put other files in the place of those restored.
 */
function makeOurs({ fd, stat, inside }: OpenFolder, target: string): void {
  const own = process.geteuid?.() ?? Number(stat.uid)
  if (stat.uid !== BigInt(own)) fchownSync(fd, own, process.getegid?.() ?? -1)
  fchmodSync(fd, 0o700)
  // Once more, for what came until now.
  mustBeEmpty(target, inside('.'))
}

/**
 * The folder that is there already; undefined: a restore would make it. Changes nothing.
 * @param draft whether what is restored is written beside it first
 * @throws AppError as `prepareTarget` does
 */
export function lookAtTarget(
  target: string,
  bytes: number,
  { overwrite, draft }: { readonly overwrite: Overwrite | undefined; readonly draft: boolean },
): OpenFolder | undefined {
  let folder: OpenFolder | undefined
  try {
    folder = openIfThere(target)
    const parent = path.dirname(target)
    accessSync(folder && !draft ? target : parent, constants.W_OK | constants.X_OK)
    if (folder) mustTake(target, folder.inside('.'), bytes, overwrite)
    else mustHaveRoom(target, toBytePath(parent), bytes, overwrite)
    return folder
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
  if (readdirSync(toFsPath(at)).length > 0)
    throw new AppError('conflict', `${target} is not empty.`, { fix: 'Restore into a new or an empty folder.' })
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
