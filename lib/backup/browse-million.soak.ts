import { expect, test } from 'vitest'
import { identityOf } from './backup-for-tests.ts'
import { listFolder, type Page, pathOfId, searchFiles } from './browse-backup.ts'
import { EntryIndex, EntryPartCache } from './entry-index.ts'
import { openLongList } from './long-list-for-tests.ts'

test('a million files page and are searched with a few parts in memory', async () => {
  const files = 1_000_000
  const backup = await openLongList(files, identityOf('million'))
  const index = new EntryIndex(backup, new EntryPartCache(8))
  global.gc?.()
  const before = process.memoryUsage().rss
  let most = 0
  const times: number[] = []
  const timed = async <T>(run: () => Promise<T>): Promise<T> => {
    const started = performance.now()
    const result = await run()
    times.push(performance.now() - started)
    most = Math.max(most, process.memoryUsage().rss - before)
    return result
  }
  let folders = 0
  let after: string | undefined
  do {
    const wish = { limit: 100, after }
    const page = await timed(() => listFolder(index, '.', wish))
    folders += page.items.length
    after = page.next === null ? undefined : pathOfId(page.next)
  } while (after !== undefined)
  expect(folders).toBe(1000)
  for (let number = 0; number < 1000; number += 37) {
    const folder = `folder-${String(number).padStart(4, '0')}`
    const page = await timed(() =>
      listFolder(index, folder, {
        limit: 100,
        after: `${folder}/file-${String(number * 1000 + 500).padStart(6, '0')}`,
      }),
    )
    expect(page.items.length).toBeGreaterThan(0)
  }
  let found = 0
  let pages = 0
  after = undefined
  do {
    const wish = { limit: 100, after }
    const page: Page = await timed(() => searchFiles(index, 'FILE-9999', wish))
    found += page.items.length
    pages += 1
    after = page.next === null ? undefined : pathOfId(page.next)
  } while (after !== undefined)
  expect(found).toBe(100)
  times.sort((a, b) => a - b)
  const figures = {
    parts: backup.manifest.entries.length,
    medianMs: Math.round(times[times.length >> 1] ?? 0),
    longestMs: Math.round(times.at(-1) ?? 0),
    searchPages: pages,
    growthMiB: Math.round(most / 2 ** 20),
  }
  console.log(JSON.stringify(figures))
  expect(figures.growthMiB).toBeLessThan(400)
})
