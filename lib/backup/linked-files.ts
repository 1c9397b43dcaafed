import type { BytePath } from '#lib/archive/byte-path.ts'
import type { Entry } from '#lib/archive/entry.ts'
import type { FinishedFiles } from '#lib/archive/finished-files.ts'
import type { TreeWriter } from '#lib/archive/restore-tree.ts'
import type { EntryIndex } from './entry-index.ts'
import type { OpenedBackup } from './open-backup.ts'
import type { Selection } from './select-entries.ts'
import { TarReader } from './tar-reader.ts'

/**
 * Where a hard link's first file is not restored, or what is there is not it, or the disk refuses the link, the link is
 * restored as a file with that file's content; further links to the same file lead to it.
 */
export function linkedFiles(
  backup: OpenedBackup,
  index: EntryIndex,
  tree: Pick<TreeWriter, 'overwrites' | 'holds'>,
  selection: Selection | undefined,
  finished: FinishedFiles | undefined,
) {
  /** First file → the link that was restored as a file in its stead. */
  const inItsStead = new Map<BytePath, Entry>()
  return {
    /** The entry as it is to be written, with its content. `tar` is what entries of the list itself are read from. */
    async resolve(entry: Entry, tar: TarReader): Promise<{ entry: Entry; content: AsyncIterable<Buffer> }> {
      // What is taken over is read only if it vanished meanwhile; the list's reader was not told of it.
      if (finished?.has(entry)) return { entry, content: readAlone(entry) }
      if (entry.type !== 'hardlink') return { entry, content: tar.read(entry.data, entry.size) }
      const target = entry.target ?? ''
      const stead = inItsStead.get(target)
      // Where it is what was there that was kept, it is another file.
      if (stead && (!tree.overwrites || tree.holds(stead)))
        return { entry: { ...entry, target: stead.path }, content: nothing() }
      const restored = selection === undefined || selection.selects(target, false)
      if (restored && !tree.overwrites) return { entry, content: nothing() }
      const first = await index.fileOf(entry)
      if (restored && tree.holds(first)) return { entry, content: nothing() }
      return asFile(entry, first)
    },

    /** The same for a link that could not be made. */
    async unlinked(entry: Entry): Promise<{ entry: Entry; content: AsyncIterable<Buffer> }> {
      return asFile(entry, await index.fileOf(entry))
    },
  }

  function asFile({ target: _, ...link }: Entry, { path, type, size, data }: Entry) {
    const file = { ...link, type, size, data }
    inItsStead.set(path, file)
    finished?.find(file)
    return { entry: file, content: readAlone(file) }
  }

  async function* readAlone({ data, size }: Entry): AsyncGenerator<Buffer> {
    yield* new TarReader(backup, 1).read(data, size)
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}
