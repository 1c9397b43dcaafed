import { accessSync, type BigIntStats, constants, lstatSync, mkdirSync, rmdirSync, statfsSync, statSync } from 'node:fs'
import path from 'node:path'
import { type BytePath, toFsPath } from '#lib/archive/byte-path.ts'
import { type OpenFolder, openFolder } from '#lib/archive/open-folder.ts'
import { reasonOf, systemCode } from '#lib/archive/system-error.ts'
import { AppError } from '#lib/errors.ts'

// The empty folder of another user, where a restore is to go.

/**
 * Where anybody may write beside the target, as in /tmp, somebody may have made it beforehand. To take it from them would
 * not do: an access list of theirs, which node:fs does not see, would go on to all that is restored.
 */
export function replaceAnothers(at: BytePath, target: string, { uid }: BigIntStats): OpenFolder {
  // Only root can give it back.
  if (process.geteuid?.() !== 0) throw isAnothers(target, uid)
  try {
    rmdirSync(toFsPath(at))
  } catch (cause) {
    if (systemCode(cause) === 'ENOTEMPTY') throw isNotEmpty(target)
    throw isAnothers(target, uid, cause)
  }
  try {
    mkdirSync(toFsPath(at), { mode: 0o700 })
  } catch (cause) {
    throw new AppError(
      'denied',
      `${target} is gone. It was empty and belonged to another user (${uid}), so it was removed; and the folder that was to take its place cannot be made: ${reasonOf(cause)}.`,
      { cause, fix: 'Make it anew for that user (mkdir, chown) if they need it, and restore into another folder.' },
    )
  }
  try {
    return openFolder(at)
  } catch (cause) {
    throw new AppError(
      'denied',
      `${target} was empty and belonged to another user (${uid}), so a new folder took its place; and that cannot be opened: ${reasonOf(cause)}.`,
      { cause, fix: 'Give it to that user (chown) if they need it, and restore into another folder.' },
    )
  }
}

/** @param cause why no new folder can take its place; undefined where only root may try */
function isAnothers(target: string, uid: bigint, cause?: unknown): AppError {
  const place = cause === undefined ? '' : `, and no new folder can take its place: ${reasonOf(cause)}`
  return new AppError(
    'denied',
    `${target} belongs to another user (${uid}), who could read and change what is restored into it${place}.`,
    { cause, fix: 'Name a new folder in it, or give it another owner first (chown).' },
  )
}

/** What these say of owners is not theirs: FAT, exFAT, NTFS, NFS, SMB, 9P, FUSE, VirtualBox (linux/magic.h, statfs(2)). */
const ownersBorrowed = new Set([
  0x4d44, 0x2011bab0, 0x5346544e, 0x7366746e, 0x6969, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x786f4256,
])

const busy = Object.assign(new Error('EBUSY'), { code: 'EBUSY' })

/**
 * Undefined where it is our own folder, or where only what is made in it tells whether it is.
 * @throws what `prepareTarget` would, and the restore of a draft at its very end
 */
export function whoMakesWay(target: string, { stat, inside }: OpenFolder, draft: boolean): bigint | undefined {
  const own = process.geteuid?.()
  if (own === undefined || stat.uid === BigInt(own)) return undefined
  if (draft) mustGiveWay(target)
  else {
    if (ownersBorrowed.has(statfsSync(toFsPath(inside('.'))).type)) return undefined
    if (own !== 0) throw isAnothers(target, stat.uid)
    const parent = path.dirname(target)
    if (statSync(parent, { bigint: true }).dev !== stat.dev) throw isAnothers(target, stat.uid, busy)
    accessSync(parent, constants.W_OK | constants.X_OK)
  }
  return stat.uid
}

/**
 * Of a draft that is to get the target's name, before anything is restored: the folder that is there can be taken away.
 * @throws AppError `denied`
 */
export function mustGiveWay(target: string): void {
  const own = process.geteuid?.()
  const there = lstatSync(target, { throwIfNoEntry: false })
  if (!there || own === undefined || own === 0 || there.uid === own) return
  const parent = statSync(path.dirname(target))
  // As /tmp: everybody may write there, and take away only what is theirs.
  if ((parent.mode & 0o1000) === 0 || parent.uid === own) return
  throw new AppError(
    'denied',
    `${target} belongs to another user (${there.uid}), and its folder lets only them take it away, so no restored folder can take its place.`,
    { fix: 'Name a new folder.' },
  )
}

export function isNotEmpty(target: string): AppError {
  return new AppError('conflict', `${target} is not empty.`, { fix: 'Restore into a new or an empty folder.' })
}
