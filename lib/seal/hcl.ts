/**
 * A reader for the part of HCL that configurations of HashiCorp Vault are written in: blocks with labels, attributes,
 * strings, heredocs, numbers, booleans, lists, objects, comments. Nothing is evaluated: `${…}` stays text.
 * It runs in the browser as well. Why it is written here: docs/decisions/0007-own-hcl-reader.md
 */
export type HclValue = string | number | boolean | readonly HclValue[] | { readonly [name: string]: HclValue }

/** Where something starts; both count from 1, columns in UTF-16 units. */
export interface HclPlace {
  readonly line: number
  readonly column: number
}
export interface HclAttribute extends HclPlace {
  readonly name: string
  readonly value: HclValue
}
export interface HclBlock extends HclPlace {
  readonly type: string
  readonly labels: readonly string[]
  readonly body: HclBody
}
export interface HclBody {
  readonly attributes: readonly HclAttribute[]
  readonly blocks: readonly HclBlock[]
}
export interface HclProblem extends HclPlace {
  readonly message: string
}

/** Never throws, whatever the text. */
export function parseHcl(text: string): { ok: true; body: HclBody } | ({ ok: false } & HclProblem) {
  // A byte order mark and Windows' line ends mean nothing.
  const reader = new Reader(text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n'))
  try {
    return { ok: true, body: reader.body(undefined, 0) }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return { ok: false, message: error.message, ...reader.placeOf(error.at) }
  }
}

class Stop extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

const word = /[\p{L}_][\p{L}\p{N}_.-]*/uy
const number = /-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\p{L}\p{N}_.])/uy
const heredoc = /<<(-?)([\p{L}_][\p{L}\p{N}_]*)[ \t]*\n/uy
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '"': '"',
  '\\': '\\',
}
const deepest = 64

class Reader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  /** @param opened where the brace is that a brace must close; undefined for the whole text */
  body(opened: number | undefined, depth: number): HclBody {
    const attributes: HclAttribute[] = []
    const blocks: HclBlock[] = []
    for (;;) {
      this.skip()
      if (this.ended()) {
        if (opened === undefined) return { attributes, blocks }
        throw new Stop('This “{” is never closed.', opened)
      }
      if (this.peek() === '}') {
        if (opened === undefined) throw new Stop('There is no “{” that this “}” could close.', this.at)
        this.at += 1
        return { attributes, blocks }
      }
      const start = this.at
      const name = this.name('an attribute, or a block such as seal "awskms" { … }')
      this.skip()
      if (this.peek() === '=') {
        this.at += 1
        const value = this.value(depth + 1)
        if (attributes.some((one) => one.name === name)) throw new Stop(`“${name}” is set twice.`, start)
        attributes.push({ name, value, ...this.placeOf(start) })
        this.skip()
        if (this.peek() === ',') this.at += 1
      } else blocks.push(this.block(name, start, depth))
    }
  }

  private block(type: string, start: number, depth: number): HclBlock {
    const labels: string[] = []
    while (this.peek() !== '{') {
      if (this.ended()) throw new Stop(`After “${type}” comes “=” or a block in braces.`, start)
      labels.push(this.name(`“=” or “{” after “${type}”`))
      this.skip()
    }
    if (depth >= deepest) throw new Stop('Blocks are nested too deeply.', this.at)
    const opened = this.at
    this.at += 1
    return { type, labels, body: this.body(opened, depth + 1), ...this.placeOf(start) }
  }

  private name(expected: string): string {
    if (this.peek() === '"') return this.string()
    const found = this.match(word)
    if (!found) throw new Stop(`Expected ${expected}, found ${this.shown()}.`, this.at)
    return found[0]
  }

  private value(depth: number): HclValue {
    this.skip()
    if (depth > deepest) throw new Stop('Values are nested too deeply.', this.at)
    const start = this.at
    const next = this.peek()
    if (next === '"') return this.string()
    if (next === '[') return this.list(depth)
    if (next === '{') return this.object(depth)
    const opening = this.match(heredoc)
    if (opening) return this.heredoc(start, opening[1] === '-', opening[2] ?? '')
    const digits = this.match(number)
    if (digits) return Number(digits[0].startsWith('-0x') ? `-${Number(digits[0].slice(1))}` : digits[0])
    const found = this.match(word)?.[0]
    if (found === 'true' || found === 'false') return found === 'true'
    this.at = start
    // Not repeated: it may be a secret, and messages are logged.
    if (found) throw new Stop('Text needs quotes, such as "us-east-1".', start)
    throw new Stop(`Expected a value, found ${this.shown()}.`, start)
  }

  private list(depth: number): HclValue[] {
    const opened = this.at
    this.at += 1
    const values: HclValue[] = []
    for (;;) {
      this.skip()
      if (this.ended()) throw new Stop('This “[” is never closed.', opened)
      if (this.peek() === ']') break
      values.push(this.value(depth + 1))
      this.skip()
      if (this.peek() === ',') this.at += 1
      else if (this.peek() !== ']' && !this.ended())
        throw new Stop(`Expected “,” or “]”, found ${this.shown()}.`, this.at)
    }
    this.at += 1
    return values
  }

  private object(depth: number): Record<string, HclValue> {
    const opened = this.at
    this.at += 1
    const entries = new Map<string, HclValue>()
    for (;;) {
      this.skip()
      if (this.ended()) throw new Stop('This “{” is never closed.', opened)
      if (this.peek() === '}') break
      const start = this.at
      const name = this.name('a name')
      this.skip()
      if (this.peek() !== '=' && this.peek() !== ':') throw new Stop(`Expected “=”, found ${this.shown()}.`, this.at)
      this.at += 1
      if (entries.has(name)) throw new Stop(`“${name}” is set twice.`, start)
      entries.set(name, this.value(depth + 1))
      this.skip()
      if (this.peek() === ',') this.at += 1
    }
    this.at += 1
    // Also for a name such as __proto__.
    return Object.fromEntries(entries)
  }

  private string(): string {
    const opened = this.at
    this.at += 1
    let value = ''
    for (;;) {
      const next = this.text[this.at]
      if (next === undefined || next === '\n') throw new Stop('This text has no closing quote on its line.', opened)
      this.at += 1
      if (next === '"') return value
      value += next === '\\' ? this.escape() : next
    }
  }

  private escape(): string {
    const start = this.at - 1
    const letter = this.text[this.at] ?? ''
    this.at += 1
    const length = { u: 4, U: 8 }[letter]
    if (length === undefined) {
      const plain = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
      if (plain === undefined) throw new Stop(`“\\${letter}” means nothing. A backslash is written as “\\\\”.`, start)
      return plain
    }
    const hex = this.text.slice(this.at, this.at + length)
    const code = Number.parseInt(hex, 16)
    if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < length || code > 0x10ffff)
      throw new Stop(`“\\${letter}” needs ${length} hexadecimal digits of a character.`, start)
    this.at += length
    return String.fromCodePoint(code)
  }

  /** The lines up to one that holds only the word; with `<<-` the indentation that all lines share is taken away. */
  private heredoc(start: number, indented: boolean, end: string): string {
    const lines: string[] = []
    for (;;) {
      if (this.ended()) throw new Stop(`This text is never ended by a line “${end}”.`, start)
      const until = this.text.indexOf('\n', this.at)
      const line = this.text.slice(this.at, until < 0 ? undefined : until)
      this.at = until < 0 ? this.text.length : until + 1
      if (line.trim() === end) break
      lines.push(line)
    }
    const widths = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0)
    const shared = indented ? Math.min(...widths) : 0
    return lines.map((line) => `${line.slice(Math.min(shared, line.length))}\n`).join('')
  }

  private skip(): void {
    for (;;) {
      while (/[ \t\n\f\v\u00a0]/.test(this.peek())) this.at += 1
      const two = this.text.slice(this.at, this.at + 2)
      if (two === '/*') {
        const end = this.text.indexOf('*/', this.at + 2)
        if (end < 0) throw new Stop('This comment is never closed.', this.at)
        this.at = end + 2
      } else if (two === '//' || two.startsWith('#')) {
        const end = this.text.indexOf('\n', this.at)
        this.at = end < 0 ? this.text.length : end
      } else return
    }
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found) this.at = pattern.lastIndex
    return found
  }

  private peek(): string {
    return this.text[this.at] ?? ''
  }

  private ended(): boolean {
    return this.at >= this.text.length
  }

  /** One character, and none of a word: what stands in a wrong place may be a secret, and messages are logged. */
  private shown(): string {
    if (this.ended()) return 'the end'
    const [found = ''] = /^./su.exec(this.text.slice(this.at)) ?? []
    return /[\p{L}\p{N}]/u.test(found) ? 'something else' : `“${found}”`
  }

  placeOf(at: number): HclPlace {
    const before = this.text.slice(0, at).split('\n')
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }
}
