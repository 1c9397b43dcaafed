import { type BytePath, displayPath, exactText } from '#lib/archive/byte-path.ts'
import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import { keyAfter, keyInside, orderKey } from '#lib/archive/path-order.ts'
import { AppError } from '#lib/errors.ts'
import type { BrowsedItem } from './browse-schema.ts'
import type { EntryIndex } from './entry-index.ts'
import { foldersAbove } from './select-entries.ts'

/** Lines that one search looks at, so that it answers soon; the next page goes on. */
const SEARCHED_AT_ONCE = 400_000

export interface Page {
  readonly items: readonly BrowsedItem[]
  /** The ID to go on after; null at the end. */
  readonly next: string | null
}

interface PageWish {
  readonly after?: BytePath | undefined
  readonly limit: number
}

export function pathId(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('base64url')
}

export function pathOfId(id: string): BytePath {
  return Buffer.from(id, 'base64url').toString('latin1')
}

/** What lies directly in a folder. Throws AppError `not-found` when there is no such folder, and as reading the list does. */
export async function listFolder(index: EntryIndex, folder: BytePath, { after, limit }: PageWish): Promise<Page> {
  const found = await index.find(folder)
  if (found?.type !== 'folder')
    throw new AppError(
      'not-found',
      found
        ? `“${displayPath(folder)}” is no folder of the backup.`
        : `The backup holds no folder “${displayPath(folder)}”.`,
      { fix: 'Its top is listed where no folder is named. A search finds by a part of a path.' },
    )
  const end = folder === '.' ? undefined : keyAfter(folder)
  const items: BrowsedItem[] = []
  let key = after === undefined ? keyInside(folder) : keyAfter(after)
  let last: BytePath | undefined
  for (;;) {
    // A folder and, where its content could not be listed, the word on that have one path.
    const [item, same] = await firstTwo(index, key)
    if (!item || (end !== undefined && orderKey(item.path) >= end)) return { items, next: null }
    if (items.length === limit) return { items, next: last === undefined ? null : pathId(last) }
    const warning = same?.type === 'skipped' && same.path === item.path ? same.warning : undefined
    items.push(browsedItem(warning === undefined ? item : { ...item, warning }))
    last = item.path
    key = keyAfter(item.path)
  }
}

async function firstTwo(index: EntryIndex, key: string): Promise<(Entry | SkippedItem)[]> {
  const items: (Entry | SkippedItem)[] = []
  for await (const item of index.from(key)) if (items.push(item) === 2) break
  return items
}

/**
 * What has a text in its path, whatever its case, in order. A page may hold less than `limit` and still have a next one.
 * Throws as reading the list does, and `signal.reason`.
 */
export async function searchFiles(
  index: EntryIndex,
  text: string,
  { after, limit, signal }: PageWish & { readonly signal?: AbortSignal },
): Promise<Page> {
  const escaped = (literal: string) => literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  const wanted = new RegExp(escaped(text), 'iu')
  // On whole parts first: most lines need not be parsed. JSON writes some characters in another way.
  const inJson = new RegExp(`${escaped(JSON.stringify(text).slice(1, -1))}|"pathBase64"`, 'giu')
  // What lies in a folder comes after it, and may be what is looked for as well.
  const start = after === undefined ? '' : keyInside(after)
  const items: BrowsedItem[] = []
  let looked = 0
  for (let number = await index.partOf(start); number < index.parts; number += 1) {
    signal?.throwIfAborted()
    const part = await index.part(number)
    const from = part.seek(start)
    const lines = part.content.toString('utf8', part.startOf(from)).split('\n')
    lines.pop()
    for (const [line, json] of lines.entries()) {
      inJson.lastIndex = 0
      if (!inJson.test(json)) continue
      const item = part.at(from + line)
      if (!wanted.test(exactText(item.path) ?? displayPath(item.path))) continue
      // The word on a folder that could not be listed comes with the folder.
      if (item.type === 'skipped' && items.at(-1)?.id === pathId(item.path)) continue
      if (items.length === limit) return { items, next: items.at(-1)?.id ?? null }
      items.push(browsedItem(item))
    }
    looked += lines.length
    if (looked >= SEARCHED_AT_ONCE && number + 1 < index.parts)
      return { items, next: pathId(part.at(part.length - 1).path) }
    // Other requests wait for this process as well.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { items, next: null }
}

/** The folder and those above it, from the top. */
export function crumbs(folder: BytePath): { id: string | null; name: string }[] {
  const above = folder === '.' ? ['.'] : [...foldersAbove(folder), folder]
  return above.map((path) => ({
    id: path === '.' ? null : pathId(path),
    name: path === '.' ? 'All files' : nameOf(path),
  }))
}

function browsedItem(item: Entry | SkippedItem): BrowsedItem {
  const shared = {
    type: item.type,
    id: pathId(item.path),
    path: displayPath(item.path),
    name: nameOf(item.path),
    warning: item.warning ?? null,
  }
  if (item.type === 'skipped') return { ...shared, size: null, mtime: null, mode: null, target: null }
  return {
    ...shared,
    size: item.type === 'file' ? item.size : null,
    mtime: isoTime(item.mtimeNs),
    mode: item.mode.toString(8).padStart(4, '0'),
    target: item.target === undefined ? null : displayPath(item.target),
  }
}

function nameOf(path: BytePath): string {
  return displayPath(path.slice(path.lastIndexOf('/') + 1))
}

function isoTime(ns: bigint): string | null {
  const date = new Date(Number(ns / 1_000_000n))
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
