import { type BigIntStats, fstatSync } from 'node:fs'
import type { BytePath } from './byte-path.ts'
import { type Described, describe } from './described-entry.ts'
import type { SkippedItem } from './entry.ts'
import type { HardLinks } from './hard-links.ts'
import { kindOf } from './walk-tree.ts'

export interface Opened {
  readonly described: Described
  readonly stat: BigIntStats
}

/**
 * What an open file is to a backup: a file, a further name of one that came before, or nothing where something else took
 * its place. Only what the open file says of itself is believed. Throws what fstat(2) throws.
 */
export function describeOpened(fd: number, path: BytePath, links: HardLinks): Opened | SkippedItem {
  const stat = fstatSync(fd, { bigint: true })
  if (!stat.isFile())
    return { type: 'skipped', path, warning: `it was replaced by a ${kindOf(stat)} while it was read` }
  const target = stat.nlink > 1n ? links.firstName(path, stat) : undefined
  const described =
    target === undefined
      ? describe({ type: 'file', path, size: Number(stat.size) }, stat)
      : describe({ type: 'hardlink', path, size: 0, target }, stat)
  return { described, stat }
}
