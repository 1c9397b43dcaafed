import { expect, test } from 'vitest'
import { identityOf } from './backup-for-tests.ts'
import { listFolder, pathOfId, searchFiles } from './browse-backup.ts'
import { EntryIndex, EntryPartCache } from './entry-index.ts'
import { openLongList } from './long-list-for-tests.ts'

test('of a long list only the parts that a page needs are read, with first paths and without', async () => {
  const files = 60_000
  const whole = await openLongList(files, identityOf('long'))
  expect(whole.manifest.entries.length).toBeGreaterThan(1)
  const older = {
    ...whole,
    manifest: { ...whole.manifest, entries: whole.manifest.entries.map(({ first: _, ...part }) => part) },
  }
  for (const backup of [whole, older]) {
    let reads = 0
    const store = Object.assign(Object.create(backup.store), {
      read: (key: string, max: number) => {
        reads += 1
        return backup.store.read(key, max)
      },
    })
    const index = new EntryIndex({ ...backup, store }, new EntryPartCache(2))
    const last = await listFolder(index, 'folder-0059', { limit: 10, after: 'folder-0059/file-059989' })
    expect(last).toMatchObject({ next: null, items: { length: 10 } })
    expect(last.items.at(-1)?.name).toBe('file-059999')
    expect(reads).toBeLessThanOrEqual(backup === whole ? 2 : backup.manifest.entries.length)

    const folders: string[] = []
    let after: string | undefined
    do {
      const page = await listFolder(index, '.', { limit: 25, after })
      folders.push(...page.items.map(({ name }) => name))
      after = page.next === null ? undefined : pathOfId(page.next)
    } while (after !== undefined)
    expect(folders).toEqual(Array.from({ length: 60 }, (_, number) => `folder-${String(number).padStart(4, '0')}`))

    const found = await searchFiles(index, '-05999', { limit: 100 })
    expect(found.items.map(({ name }) => name)).toEqual(
      Array.from({ length: 10 }, (_, number) => `file-05999${number}`),
    )
  }
})
