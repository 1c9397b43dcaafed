import { type Entry, parseEntry, type SkippedItem } from '#lib/archive/entry.ts'
import { naming } from './codec.ts'
import { partTitle } from './layout.ts'
import type { OpenedBackup } from './open-backup.ts'
import { readPart } from './read-part.ts'

/** Everything a backup lists, in order, a part of the list at a time. Throws as `readPart` does. */
export async function* listEntries({
  store,
  codec,
  identity,
  manifest,
}: OpenedBackup): AsyncGenerator<Entry | SkippedItem> {
  for (const part of manifest.entries) {
    const lines = (await readPart(store, codec, identity, part)).toString('utf8').split('\n')
    lines.pop()
    for (const line of lines) {
      let item: Entry | SkippedItem
      try {
        item = parseEntry(line)
      } catch (error) {
        throw naming(partTitle(part.place, identity.backup), error)
      }
      yield item
    }
  }
}
