import type { BigIntStats } from 'node:fs'
import type { Entry } from './entry.ts'

/** An entry before it has its place in the tar stream. */
export type Described = Omit<Entry, 'offset' | 'data'>

/** With what the system says of it. */
export function describe(entry: Pick<Entry, 'type' | 'path' | 'size' | 'target'>, stat: BigIntStats): Described {
  const { mtimeNs } = stat
  return { ...entry, mode: Number(stat.mode & 0o7777n), uid: Number(stat.uid), gid: Number(stat.gid), mtimeNs }
}

/** @param offset of its header in the tar stream, in bytes */
export function placed(described: Described, offset: number, headerLength: number): Entry {
  return { ...described, offset, data: offset + headerLength }
}

export function warned(entry: Entry, warning: string | undefined): Entry {
  return warning === undefined ? entry : { ...entry, warning }
}
