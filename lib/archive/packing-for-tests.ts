import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { toBytePath } from './byte-path.ts'
import type { Entry, SkippedItem } from './entry.ts'
import { HardLinks } from './hard-links.ts'
import { openFolder } from './open-folder.ts'
import { type PackOptions, TreePacker } from './pack-tree.ts'
import type { PathFilter } from './path-filter.ts'
import { SegmentCutter } from './segment-cutter.ts'
import { describeTree } from './tree-for-tests.ts'
import { walkTree } from './walk-tree.ts'

export const SEGMENT = 64 * 1024
/** Of a file that is read in several pieces. */
export const LARGE = 5 * SEGMENT

export interface Hooks extends Pick<PackOptions, 'onRead' | 'signal'> {
  readonly filter?: PathFilter
}

/** For the tests of one file: a folder of its own for each, with a source in it to pack. */
export function packing() {
  let folder: string
  let source: string
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pack-tree-')))
    source = join(folder, 'source')
    mkdirSync(source)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  return {
    /** A path beside the source, or the folder that both lie in. */
    beside: (name = '') => join(folder, name),
    /** A path in the source, or its own. */
    inside: (name = '') => join(source, name),
    async pack({ filter, ...hooks }: Hooks = {}) {
      const pieces: Buffer[] = []
      const offsets: number[] = []
      const cutter = new SegmentCutter(SEGMENT, 2, ({ bytes, tarOffset, release }) => {
        pieces.push(Buffer.from(bytes))
        offsets.push(tarOffset)
        setImmediate(release)
      })
      const items: (Entry | SkippedItem)[] = []
      const opened = openFolder(toBytePath(source))
      try {
        const onItem = (item: Entry | SkippedItem) => void items.push(item)
        const packer = new TreePacker({ cutter, links: new HardLinks(), onItem, ...hooks })
        await packer.pack((start) => walkTree(opened, { filter, start }))
      } finally {
        opened.close()
      }
      return { tar: Buffer.concat(pieces), pieces, offsets, items }
    },
    unpackWithTar(tar: Buffer): Record<string, string> {
      const target = join(folder, 'target')
      mkdirSync(target)
      execFileSync('tar', ['-xpf', '-', '-C', target], { input: tar })
      return describeTree(target)
    },
  }
}

export const warningOn = (items: readonly (Entry | SkippedItem)[], path: string) =>
  items.find((item) => item.path === path)?.warning

/** Runs once, when the first bytes of the file have been read. */
export function onFirstRead(path: string, act: () => void): Pick<PackOptions, 'onRead'> {
  let acted = false
  return {
    onRead: (read) => {
      if (read !== path || acted) return
      acted = true
      act()
    },
  }
}
