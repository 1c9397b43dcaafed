import type { BigIntStats } from 'node:fs'
import type { Entry } from './entry.ts'
import type { Overwrite } from './overwrite.ts'

/** Why an entry is not restored where something else is; undefined: that does not hinder it. */
export function inTheWay({ type }: Entry, there: BigIntStats): string | undefined {
  if (type !== 'folder')
    return there.isDirectory() ? 'a folder is in its way: it was left, and this was not restored' : undefined
  if (there.isDirectory()) return undefined
  return `a ${there.isSymbolicLink() ? 'link' : 'file'} is in its way: that was left, and nothing of this folder was restored`
}

/** Whether it takes the place of a file or link that is there. */
export function mayReplace(entry: Entry, there: BigIntStats, overwrite: Overwrite | undefined): boolean {
  return overwrite === 'always' || (overwrite === 'older' && there.mtimeNs < entry.mtimeNs)
}
