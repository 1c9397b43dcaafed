import { setImmediate as letOthersWork } from 'node:timers/promises'
import { type BytePath, displayPath, exactText, toBytePath } from '#lib/archive/byte-path.ts'
import type { Entry, SkippedItem } from '#lib/archive/entry.ts'
import { keyAfter, orderKey } from '#lib/archive/path-order.ts'
import { PathPatterns } from '#lib/archive/path-patterns.ts'
import { checkedParts } from '#lib/archive/restore-path.ts'
import { AppError } from '#lib/errors.ts'
import type { EntryIndex } from './entry-index.ts'

/** Who goes through a whole list holds up the process that it shares with others for no longer. */
const AT_ONCE_MS = 20
/** Characters of all patterns together: each of them is compared with every path. */
const MOST_OF_PATTERNS = 64 * 1024

export interface Selected {
  readonly item: Entry | SkippedItem
  /** A folder that is only on the way to what was asked for. */
  readonly onTheWay: boolean
}

/**
 * What somebody asked for: paths, which stand for themselves and all below them, and patterns as .gitignore writes
 * them (with `*`, `?` or `[`). What begins with `!` takes away again, and alone it takes away from everything. All count
 * from the backup's top; a leading `/` is allowed.
 */
export class Selection {
  /** Each text that may be a path, and the paths that it may mean. */
  readonly named: readonly { readonly text: string; readonly paths: readonly BytePath[] }[]
  /** Whether paths are all that is asked for, so that they can be looked up. */
  readonly byPath: boolean
  readonly #keys: ReadonlySet<string>
  readonly #more: Matcher | undefined
  readonly #less: Matcher | undefined
  readonly #matched = new Set<string>()

  /** Throws AppError `invalid` when there is nothing in it, or too much. */
  constructor(wanted: readonly string[]) {
    const texts = wanted.filter((text) => text.trim() !== '' && text !== '!')
    if (texts.length === 0) throw new AppError('invalid', 'Name at least one path.')
    const less = texts.filter((text) => text.startsWith('!')).map((text) => text.slice(1))
    const more = texts.filter((text) => !text.startsWith('!'))
    const patterns = more.filter(isPattern)
    if ([...patterns, ...less].join('').length > MOST_OF_PATTERNS)
      throw new AppError('invalid', 'These are too many patterns, or too long ones.', {
        fix: 'Name paths, or a folder that holds them.',
      })
    this.named = more.map((text) => ({ text, paths: pathsOf(text) }))
    this.byPath = patterns.length === 0 && more.length > 0
    this.#keys = new Set(more.length === 0 ? [''] : this.named.flatMap(({ paths }) => paths).map(orderKey))
    this.#more = patterns.length > 0 ? new Matcher(patterns) : undefined
    this.#less = less.length > 0 ? new Matcher(less) : undefined
  }

  /** Throws AppError `integrity` for a path that no honest backup holds. */
  selects(path: BytePath, isFolder: boolean): boolean {
    const parts = checkedParts(path)
    const text = exactText(path) ?? displayPath(path)
    if (parts.length > 0 && this.#less?.match(text, isFolder) !== undefined) return false
    if (this.#keys.has('')) return true
    let key = ''
    for (const part of parts) {
      key = key === '' ? part : `${key}\0${part}`
      if (!this.#keys.has(key)) continue
      this.#matched.add(key)
      return true
    }
    const pattern = parts.length > 0 ? this.#more?.match(text, isFolder) : undefined
    if (pattern !== undefined) this.#matched.add(pattern)
    return pattern !== undefined
  }

  /** What was asked for and met by nothing that `selects` was asked about. */
  unmatched(): string[] {
    return this.named
      .filter(({ text, paths }) => ![text, ...paths.map(orderKey)].some((one) => one === '' || this.#matched.has(one)))
      .map(({ text }) => text)
  }
}

/** Behind a leading slash what is escaped is meant literally, and so may be all of it. */
function isPattern(text: string): boolean {
  return (text.startsWith('/') ? /(?<!\\)[*?[]/ : /[*?[]/).test(text)
}

/** Patterns as .gitignore writes them, by what was asked for with each. */
class Matcher {
  readonly #patterns: PathPatterns
  readonly #asked = new Map<string, string>()

  constructor(asked: readonly string[]) {
    // What begins with ! would be an exception.
    for (const one of asked) this.#asked.set(asIs(one.replace(/^!/, '\\$&')), one)
    this.#patterns = new PathPatterns([...this.#asked.keys()])
  }

  /** What was asked for that matches a path, or a folder above it. */
  match(path: string, isFolder: boolean): string | undefined {
    const pattern = this.#patterns.match(path, isFolder)
    return pattern === undefined ? undefined : this.#asked.get(pattern)
  }
}

/** With the escapes that `displayPath` writes: of what is UTF-8 the characters themselves are compared. */
function asIs(pattern: string): string {
  return withCharacters(pattern).replace(/\\(?=x[0-9a-f]{2})/g, '\\\\')
}

function withCharacters(text: string): string {
  return text.replace(/\\u(?:\{([0-9a-f]{5,6})\}|([0-9a-f]{4}))/g, (whole, long?: string, short?: string) => {
    const code = Number.parseInt(long ?? short ?? '', 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

/**
 * What is selected, in order, each folder on the way before what it holds. Throws AppError `not-found` for a path that is
 * not there, and where nothing at all matches.
 */
export async function* selectEntries(
  index: EntryIndex,
  selection: Selection,
  backup: string,
): AsyncGenerator<Selected> {
  if (selection.byPath) yield* lookUp(index, selection, backup)
  else yield* scan(index, selection, backup)
}

async function* scan(index: EntryIndex, selection: Selection, backup: string): AsyncGenerator<Selected> {
  let nothing = true
  /** Folders above the current item, and whether they were given already. */
  const above: { readonly entry: Entry; given: boolean }[] = []
  let since = performance.now()
  for await (const item of index.from('')) {
    if (performance.now() - since > AT_ONCE_MS) {
      await letOthersWork()
      since = performance.now()
    }
    while (above.length > 0 && !isBelow(item.path, above.at(-1)?.entry.path ?? '.')) above.pop()
    const selected = selection.selects(item.path, item.type === 'folder')
    if (selected)
      for (const folder of above) {
        if (!folder.given) yield { item: folder.entry, onTheWay: true }
        folder.given = true
      }
    if (item.type === 'folder') above.push({ entry: item, given: selected })
    if (!selected) continue
    nothing = false
    yield { item, onTheWay: false }
  }
  if (nothing)
    throw notThere(
      `Backup ${backup} holds nothing that matches ${selection.named.map(({ text }) => `“${text}”`).join(', ')}.`,
    )
}

function notThere(message: string): AppError {
  return new AppError('not-found', message, {
    fix: 'A path counts from the backup’s top, as its list of files shows it (byok backup files); a pattern such as “*.pdf” finds what is called so anywhere.',
  })
}

async function* lookUp(index: EntryIndex, selection: Selection, backup: string): AsyncGenerator<Selected> {
  const found = new Map<string, BytePath>()
  for (const { text, paths } of selection.named) {
    const there: BytePath[] = []
    for (const path of paths) if (await index.find(path)) there.push(path)
    if (there.length === 0) throw notThere(`Backup ${backup} holds nothing called “${text}”.`)
    for (const path of there) found.set(orderKey(path), path)
  }
  let given: BytePath[] = []
  let done = ''
  for (const key of [...found.keys()].sort((a, b) => (a < b ? -1 : 1))) {
    if (key < done) continue // below one that was asked for as well
    const path = found.get(key) ?? '.'
    given = given.filter((folder) => isBelow(path, folder))
    for (const folder of foldersAbove(path)) {
      if (given.includes(folder)) continue
      const item = await index.find(folder)
      if (item) yield { item, onTheWay: true }
      given.push(folder)
    }
    done = path === '.' ? '\uffff' : keyAfter(path)
    for await (const item of index.from(key)) {
      if (orderKey(item.path) >= done) break
      if (selection.selects(item.path, item.type === 'folder')) yield { item, onTheWay: false }
    }
  }
}

/** From the root to the folder that holds it; nothing for the root itself. */
export function foldersAbove(path: BytePath): BytePath[] {
  if (path === '.') return []
  const parts = path.split('/')
  return ['.', ...parts.slice(0, -1).map((_, depth) => parts.slice(0, depth + 1).join('/'))]
}

function isBelow(path: BytePath, folder: BytePath): boolean {
  return folder === '.' ? path !== '.' : path.startsWith(`${folder}/`)
}

/**
 * The paths that a text may stand for: itself, with the escapes of `pathText` taken back, and with those that
 * `displayPath` writes as well.
 */
export function pathsOf(text: string): BytePath[] {
  const plain = text.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '')
  const unescaped = plain.replace(/\\([*?[])/g, '$1')
  const bytes = toBytePath(withCharacters(unescaped)).replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return [...new Set([toBytePath(plain), toBytePath(unescaped), bytes])].map((path) => (path === '' ? '.' : path))
}

/** A text that means this path, and is no pattern, whatever it looks like. */
export function pathText(path: BytePath): string {
  return `/${displayPath(path).replace(/[*?[]/g, '\\$&')}`
}
