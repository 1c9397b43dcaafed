import type { BigIntStats } from 'node:fs'
import type { Entry } from './entry.ts'

const SET_ID = 0o6000

/** Only root restores owners, and the bits that run a file as its owner or group. */
export function restoresOwners(): boolean {
  return process.getuid?.() === 0
}

/** The mode that a restored entry gets. */
export function restoredMode({ mode }: Pick<Entry, 'mode'>, owners: boolean): number {
  return owners ? mode : mode & ~SET_ID
}

/** Whether what is there is a file with the size and the time of an entry. */
export function isSameFile(entry: Entry, there: BigIntStats | undefined): boolean {
  return there?.isFile() === true && there.size === BigInt(entry.size) && there.mtimeNs === entry.mtimeNs
}

/** Whether it has owner and mode as restoring gives them, too: the time comes last, so such a file is whole. */
export function isRestoredFile(entry: Entry, there: BigIntStats | undefined, owners: boolean): boolean {
  if (!there || !isSameFile(entry, there)) return false
  const owned = owners
    ? there.uid === BigInt(entry.uid) && there.gid === BigInt(entry.gid)
    : there.uid === BigInt(process.geteuid?.() ?? 0)
  return owned && Number(there.mode & 0o7777n) === restoredMode(entry, owners)
}
