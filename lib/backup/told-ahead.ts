import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import type { TarReader } from './tar-reader.ts'

/** Entries held between the list and the disk. */
const AT_MOST = 2000

/** The same items, while the reader is told a little earlier which of their content will be read. */
export async function* toldAhead<T extends { readonly item: Entry | SkippedItem }>(
  items: AsyncIterable<T>,
  tar: TarReader,
): AsyncGenerator<T> {
  const waiting: T[] = []
  for await (const one of items) {
    if (one.item.type === 'file') tar.want(one.item.data, one.item.size)
    waiting.push(one)
    while (waiting.length > AT_MOST || (waiting.length > 0 && tar.toldEnough)) {
      const next = waiting.shift()
      if (next) yield next
    }
  }
  yield* waiting
}
