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

/** With what is to be said besides: what went wrong earlier stays told, and nothing is told twice. */
export function warnedAlso(entry: Entry, warning: string | undefined): Entry {
  if (warning === undefined || entry.warning?.includes(warning)) return entry
  return { ...entry, warning: entry.warning === undefined ? warning : `${entry.warning}; ${warning}` }
}
