import type { BigIntStats } from 'node:fs'
import type { Entry } from './entry.ts'
import type { FolderIdentity, WalkStart } from './walk-tree.ts'

/** What a file must still be for its content to go on where it was left. Times in nanoseconds. */
export interface FileIdentity {
  readonly ino: bigint
  readonly birthtimeNs: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/** Where the writing of a tree stands at some byte of its tar stream. */
export interface PackState {
  /** What was written last as a whole; undefined at the very beginning. */
  readonly done: WalkStart | undefined
  /** What is begun. */
  readonly open: OpenEntry | undefined
  /** The folders above that, from the top. */
  readonly way: readonly FolderIdentity[]
  /** Where the blocks that end the stream begin, once they have. */
  readonly endAt: number | undefined
}

export interface OpenEntry {
  readonly entry: Entry
  /** Of a file. */
  readonly identity: FileIdentity | undefined
}

export const atTheBeginning: PackState = { done: undefined, open: undefined, way: [], endAt: undefined }

export function identityOf({ ino, birthtimeNs, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity {
  return { ino, birthtimeNs, size, mtimeNs, ctimeNs }
}

/** What happened to one and the same file between two looks at it, if anything. */
export function changeBetween(before: FileIdentity, after: FileIdentity): string | undefined {
  if (after.size > before.size) return `it grew while it was read: the backup holds its first ${before.size} bytes`
  if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs)
    return 'it changed while it was read: the backup may hold some of the old and some of the new content'
  return undefined
}
