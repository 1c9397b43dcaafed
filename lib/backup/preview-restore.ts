import { type BigIntStats, lstatSync } from 'node:fs'
import { isSameFile } from '#lib/archive/as-restored.ts'
import { type BytePath, toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import { FoldersBelow } from '#lib/archive/folders-below.ts'
import { inTheWay, mayReplace } from '#lib/archive/in-the-way.ts'
import type { OpenFolder } from '#lib/archive/open-folder.ts'
import type { Overwrite } from '#lib/archive/overwrite.ts'
import { cannotWrite } from '#lib/archive/restore-errors.ts'
import { checkedParts } from '#lib/archive/restore-path.ts'
import { systemCode } from '#lib/archive/system-error.ts'
import { EntryIndex } from './entry-index.ts'
import { linkedFiles } from './linked-files.ts'
import { everything, type RestoreOptions } from './restore-backup.ts'
import { lookAtTarget } from './restore-target.ts'
import { Selection, selectEntries } from './select-entries.ts'
import { TarReader } from './tar-reader.ts'

// What a restore would do, by what it goes by: its selection, its look at the target, and its rules for what is there. Of
// the backup only the list of files is read. What a disk refuses (a name, a link, whoever may not write into a folder that
// is there below the target) shows in the restore alone, and so does a list that contradicts its manifest.

/** `blocked`: something else is in its way, or in that of the folder that holds it. */
type Becomes = 'new' | 'replaced' | 'kept' | 'blocked'

export type PreviewedEntry =
  | {
      readonly path: BytePath
      readonly type: Entry['type']
      /** Of a file; a hard link whose file is not restored comes as one. */
      readonly size: number
      readonly becomes: Becomes
      readonly warning?: string
    }
  /** The backup does not hold it. */
  | SkippedItem

/** As the result of a restore counts. */
export interface RestorePreview {
  readonly files: number
  readonly links: number
  readonly bytes: number
  /** Of these files and links those that would take another one's place. */
  readonly replaced: number
  /** Files and links that are there and would stay. */
  readonly kept: number
  readonly warnings: number
  /** The number of the user whose empty folder would be replaced by a new one. */
  readonly replacesFolderOf?: number
}

export interface RestorePreviewOptions extends Pick<RestoreOptions, 'backup' | 'target' | 'paths' | 'overwrite'> {
  /** Whether it would be written beside the target first, and not into it. */
  readonly draft: boolean
  /** Is asked before each entry: whoever reads of it may have seen enough. */
  readonly goOn?: () => boolean
}

/**
 * @param onEntry is called for everything that is selected, in order
 * @throws AppError as `restoreBackup` does before it looks at the first entry
 */
export async function previewRestore(
  { backup, target, paths = [], overwrite, draft, goOn }: RestorePreviewOptions,
  onEntry: (entry: PreviewedEntry) => void,
): Promise<RestorePreview> {
  const done = { files: 0, links: 0, bytes: 0, replaced: 0, kept: 0, warnings: 0 }
  const give = (item: PreviewedEntry) => {
    if (item.warning !== undefined) done.warnings += 1
    onEntry(item)
  }
  const selection = paths.length > 0 ? new Selection(paths) : undefined
  const index = new EntryIndex(backup)
  const look = lookAtTarget(target, selection ? 0 : backup.manifest.totals.bytes, { overwrite, draft })
  const { folder, replacesFolderOf } = look
  const result = () => ({
    ...done,
    ...(replacesFolderOf !== undefined && { replacesFolderOf: Number(replacesFolderOf) }),
  })
  const there = new Target(folder, overwrite)
  const links = linkedFiles(backup, index, there, selection, undefined)
  const tar = new TarReader(backup, 1) // asked for nothing: nobody reads what it would give
  const items = selection ? selectEntries(index, selection, backup.identity.backup) : everything(index)
  try {
    for await (const { item, onTheWay } of items) {
      if (goOn?.() === false) return result()
      if (item.type === 'skipped') give(item)
      else if (item.path === '.' && item.warning !== undefined && !onTheWay)
        give({ path: item.path, type: 'skipped', warning: item.warning })
      if (item.type === 'skipped' || item.path === '.') continue
      const { entry } = await links.resolve(item, tar)
      const { becomes, obstacle } = there.fateOf(entry)
      if (obstacle !== undefined && entry.type === 'folder') there.block(entry)
      const warning = obstacle ?? (onTheWay ? undefined : entry.warning)
      const { path, type, size } = entry
      if (!onTheWay || warning !== undefined)
        give({ path, type, size, becomes, ...(warning !== undefined && { warning }) })
      if (type === 'folder' || becomes === 'blocked') continue
      if (becomes === 'kept') done.kept += 1
      else {
        done[type === 'file' ? 'files' : 'links'] += 1
        done.bytes += size
        if (becomes === 'replaced') done.replaced += 1
      }
    }
    for (const text of selection?.unmatched() ?? [])
      give({ path: toBytePath(text), type: 'skipped', warning: 'nothing in this backup matches it' })
    return result()
  } finally {
    there.close()
    folder?.close()
    tar.close()
  }
}

/** What is there before a restore, looked at as a restore looks. */
class Target {
  readonly #below: FoldersBelow | undefined
  readonly #overwrite: Overwrite | undefined
  /** A folder of the backup with a file or a link in its place. */
  #blocked: BytePath | undefined

  /** @param folder undefined: it is not there */
  constructor(folder: OpenFolder | undefined, overwrite: Overwrite | undefined) {
    this.#below = folder && new FoldersBelow(folder)
    this.#overwrite = overwrite
  }

  /** With what is in its way. */
  fateOf(entry: Entry): { readonly becomes: Becomes; readonly obstacle?: string } {
    if (this.#blocked !== undefined && entry.path.startsWith(`${this.#blocked}/`)) return { becomes: 'blocked' }
    const there = this.#look(entry)
    if (!there) return { becomes: 'new' }
    const obstacle = inTheWay(entry, there)
    if (obstacle !== undefined) return { becomes: 'blocked', obstacle }
    const replaced = entry.type !== 'folder' && mayReplace(entry, there, this.#overwrite)
    return { becomes: replaced ? 'replaced' : 'kept' }
  }

  /** From now on nothing below this folder comes into being. */
  block({ path }: Entry): void {
    this.#blocked = path
  }

  get overwrites(): boolean {
    return this.#overwrite !== undefined
  }

  /** Whether a file is that of an entry once it has had its turn. */
  holds(entry: Entry): boolean {
    try {
      const { becomes } = this.fateOf(entry)
      return becomes === 'kept' ? isSameFile(entry, this.#look(entry)) : becomes !== 'blocked'
    } catch {
      return false // no such folder, or a link in its place
    }
  }

  close(): void {
    this.#below?.close()
  }

  /** Never through a link. Throws as writing there would. */
  #look(entry: Entry): BigIntStats | undefined {
    const parts = checkedParts(entry.path)
    const name = parts.pop() ?? '.'
    try {
      const at = this.#below?.open(parts).inside(name)
      return at === undefined ? undefined : lstatSync(toFsPath(at), { throwIfNoEntry: false, bigint: true })
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw cannotWrite(entry, error)
    }
  }
}
