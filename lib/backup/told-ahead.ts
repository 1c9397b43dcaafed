import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import type { FinishedFiles } from '#lib/archive/finished-files.ts'
import type { TarReader } from './tar-reader.ts'

/** Entries held between the list and the disk. */
const AT_MOST = 2000

/**
 * The same items, while the reader is told a little earlier which of their content will be read: each is given out once
 * enough is known to go on fetching up to its end.
 * @param finished what it will not be asked for
 */
export async function* toldAhead<T extends { readonly item: Entry | SkippedItem }>(
  items: AsyncIterable<T>,
  tar: TarReader,
  finished?: FinishedFiles,
): AsyncGenerator<T> {
  const waiting: T[] = []
  for await (const one of items) {
    if (one.item.type === 'file' && !finished?.find(one.item)) tar.want(one.item.data, one.item.size)
    waiting.push(one)
    for (let [next] = waiting; next; [next] = waiting) {
      if (waiting.length <= AT_MOST && !tar.toldEnough(endOf(next.item))) break
      waiting.shift()
      yield next
    }
  }
  yield* waiting
}

/** In the tar stream; 0 for what is not in it. */
function endOf(item: Entry | SkippedItem): number {
  return item.type === 'skipped' ? 0 : item.data + item.size
}
