import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { SEGMENT, Workbench } from './backup-for-tests.ts'
import { EntryIndex } from './entry-index.ts'
import { type RestoreOptions, type RestoreResult, restoreBackup } from './restore-backup.ts'
import { draftOf, earlierDrafts, removeDrafts } from './restore-drafts.ts'

export const id = '01890000-0000-7000-8000-000000000001'
export const asRoot = process.getuid?.() === 0
/** Systems that do not tell their starts apart take nothing over. */
export const takesOver = existsSync('/proc/sys/kernel/random/boot_id')
/** Of the backup, in the order in which they lie in it: each in two segments. */
export const files = ['a', 'closed/b', 'closed/c', 'open/d', 'open/inner/e', 'z']
export const others = (names: readonly string[]) => files.filter((name) => !names.includes(name))
export const inOrder = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)

/** A backup of six files, and attempts to restore it that end in the middle. */
export class DraftBench extends Workbench {
  readonly target = this.newTarget()
  /** The segments that the last attempt read. */
  fetched: number[] = []

  draft(attempt: number): string {
    return draftOf({ id, target: this.target, attempt })
  }

  at(name: string): string {
    return join(this.source, name)
  }

  /** Six files of two segments each, and something of everything else. */
  async backUpSix(mode = 0o755, setId = asRoot): Promise<void> {
    mkdirSync(this.at('closed'))
    mkdirSync(this.at('open/inner'), { recursive: true })
    for (const name of files) writeFileSync(this.at(name), randomBytes(2 * SEGMENT))
    writeFileSync(this.at('empty'), '')
    linkSync(this.at('closed/b'), this.at('open/hard'))
    symlinkSync('closed', this.at('open/soft'))
    chmodSync(this.at('closed/c'), setId ? 0o4711 : 0o711)
    chmodSync(this.at('closed'), 0o555)
    chmodSync(this.source, mode)
    await this.backUp('mine')
  }

  /** The segments that hold files. */
  async segmentsOf(names: readonly string[]): Promise<number[]> {
    const backup = await this.open('mine')
    const index = new EntryIndex(backup)
    const segments = new Set<number>()
    for (const name of names) {
      const entry = await index.find(name)
      if (entry?.type !== 'file') throw new Error(`${name} is no file`)
      let start = 0
      for (const { length, place } of backup.manifest.segments) {
        if (start < entry.data + entry.size && entry.data < start + length) segments.add(place.index)
        start += length
      }
    }
    return inOrder([...segments])
  }

  wholeIn(attempt: number): string[] {
    return files.filter((name) => existsSync(join(this.draft(attempt), name)))
  }

  /** An attempt whose connection is lost after so many segments. */
  async attempt(
    number: number,
    segments = Number.POSITIVE_INFINITY,
    { known, ...options }: Partial<RestoreOptions> & { known?: string | undefined } = {},
  ): Promise<RestoreResult> {
    const { target } = this
    const finished = await earlierDrafts({ id, target, attempt: number }, known)
    const backup = await this.open('mine')
    let left = segments
    const fetched: number[] = []
    this.fetched = fetched
    const read: typeof this.store.read = async (key, max) => {
      const segment = /\/segments\/\d+\/(\d+)$/.exec(key)?.[1]
      if (segment !== undefined) {
        if (left === 0) throw new AppError('unreachable', 'The bucket does not answer.')
        left -= 1
        fetched.push(Number(segment))
      }
      return this.store.read(key, max)
    }
    const store = Object.assign(Object.create(this.store), { read })
    try {
      return await restoreBackup({
        backup: { ...backup, store },
        target,
        draft: this.draft(number),
        finished,
        ...options,
      })
    } finally {
      finished?.close()
    }
  }

  /** The draft of the last attempt is the source, and removing leaves nothing beside it. */
  async expectRestored(number: number, counts: Partial<RestoreResult> = {}): Promise<void> {
    const { target } = this
    const truth = describeTree(this.source)
    renameSync(this.draft(number), target)
    expect(describeTree(target)).toEqual(truth)
    expect(counts).toMatchObject({ files: 7, links: 2, bytes: 12 * SEGMENT, warnings: 0 })
    await removeDrafts({ id, target })
    expect(readdirSync(this.folder).sort()).toEqual(['source', 'target-1'])
  }
}
