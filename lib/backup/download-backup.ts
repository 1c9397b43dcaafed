import { type BytePath, displayPath } from '#lib/archive/byte-path.ts'
import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import { END_OF_TAR, encodeTarHeader, paddingAfter } from '#lib/archive/tar-header.ts'
import { AppError } from '#lib/errors.ts'
import type { EntryIndex } from './entry-index.ts'
import type { OpenedBackup } from './open-backup.ts'
import { Selection, selectEntries } from './select-entries.ts'
import { TarReader } from './tar-reader.ts'
import { toldAhead } from './told-ahead.ts'

/** Small, because several may be under way in a process that has other things to do. */
const SEGMENTS_AHEAD = 2
const PIECE = 1024 * 1024

interface Source {
  readonly backup: OpenedBackup
  readonly index: EntryIndex
}

/**
 * One file's content, each segment authenticated before a byte of it is given. Throws AppError `not-found` when there
 * is no such file; the content throws as `readPart` does, and is then not whole.
 */
export async function downloadFile(
  { backup, index }: Source,
  path: BytePath,
): Promise<{ size: number; content: AsyncGenerator<Buffer> }> {
  const found = await index.find(path)
  const file = found?.type === 'hardlink' ? await index.fileOf(found) : found
  if (file?.type !== 'file') throw new AppError('not-found', `The backup holds no file “${displayPath(path)}”.`)
  return { size: file.size, content: inPieces(new TarReader(backup, SEGMENTS_AHEAD).read(file.data, file.size)) }
}

/**
 * A tar stream of everything, or of what is wanted, with the folders above it. A hard link whose first file is not in it
 * is a file there. Throws like `downloadFile`, the first time before anything was given.
 */
export async function* downloadTar({ backup, index }: Source, wanted: readonly string[]): AsyncGenerator<Buffer, void> {
  const selection = wanted.length > 0 ? new Selection(wanted) : undefined
  const items = selection ? selectEntries(index, selection, backup.identity.backup) : everything(index)
  const tar = new TarReader(backup, SEGMENTS_AHEAD)
  const inItsStead = new Map<BytePath, BytePath>()
  let any = false
  for await (const { item } of toldAhead(items, tar)) {
    if (item.type === 'skipped') continue
    any = true
    let entry: Entry = item
    let content: AsyncGenerator<Buffer> = tar.read(item.data, item.size)
    if (item.type === 'hardlink' && selection && !selection.selects(item.target ?? '', false)) {
      const first = await index.fileOf(item)
      const other = inItsStead.get(first.path)
      if (other !== undefined) entry = { ...item, target: other }
      else {
        const { target: _, ...link } = item
        entry = { ...link, type: 'file', size: first.size }
        content = new TarReader(backup, 1).read(first.data, first.size)
        inItsStead.set(first.path, item.path)
      }
    }
    yield Buffer.from(encodeTarHeader(entry))
    yield* inPieces(content)
    const padding = paddingAfter(entry.size)
    if (padding > 0) yield Buffer.alloc(padding)
  }
  if (!any) throw new AppError('not-found', 'Nothing in this backup matches that.')
  yield END_OF_TAR
}

/** What a browser is told to save it as, in RFC 6266's two ways: nothing in it leads anywhere or hides anything. */
export function contentDisposition(name: string): string {
  const safe = harmless(name)
  // Once more: what looks like a quotation mark or a slash becomes one.
  const ascii = harmless(safe.normalize('NFKD').replace(/\p{M}/gu, '')).replace(/[^ -~]/g, '_')
  const encoded = encodeURIComponent(safe).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

const LONGEST = 150

/** At most 150 characters, with its extension. */
function harmless(name: string): string {
  const safe = name
    .replace(/[\p{Cc}\p{Cf}\p{Cs}/\\:*?"<>|\u2028\u2029]/gu, '_')
    .replace(/^\.+$/, '_')
    .trim()
  const characters = [...safe]
  if (characters.length <= LONGEST) return safe || 'download'
  const [extension = ''] = /\.[^. ]{1,15}$/u.exec(safe) ?? []
  return characters.slice(0, LONGEST - [...extension].length).join('') + extension
}

async function* everything(index: EntryIndex): AsyncGenerator<{ item: Entry | SkippedItem }> {
  for await (const item of index.from('')) yield { item }
}

async function* inPieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of content)
    for (let at = 0; at < piece.length; at += PIECE) yield piece.subarray(at, at + PIECE)
}
