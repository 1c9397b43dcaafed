import { stripVTControlCharacters } from 'node:util'

export { bytesText } from '#lib/bytes-text.ts'
export { count, numberText } from '#lib/count-text.ts'

/** Of a name or a message from elsewhere: it stays on its line, and does not act on the terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�')
}

const plainLines = (text: string) => text.split('\n').map(plain).join('\n')

let isRead = true

/** Whoever read the output does so no more. */
export function readerGone(): void {
  isRead = false
}

/** For long lists, which end early when it is false. */
export function someoneReads(): boolean {
  return isRead
}

/** Whatever a line quotes, such as an answer of a server, nothing in it acts on the terminal. */
export function print(text: string): void {
  if (isRead) process.stdout.write(`${plainLines(text)}\n`)
}

export function printError(text: string): void {
  process.stderr.write(`${plainLines(text)}\n`)
}

export function printJson(value: unknown): void {
  print(jsonText(value, 2))
}

/** A JSON object with one list that may be longer than memory holds: written as it comes. */
export function jsonList(name: string) {
  let line = `{ ${JSON.stringify(name)}: [`
  return {
    add(item: object): void {
      print(line)
      line = `  ${jsonText(item)},`
    },
    /** @param rest what stands behind the list */
    end(rest: object): void {
      print(line.replace(/,$/, ''))
      print(`], ${jsonText(rest).slice(1)}`)
    },
  }
}

/** Programs get every name as it is: what could act on a terminal is written as an escape. */
function jsonText(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? Number(inner) : inner), indent)
  return json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `2026-11-12 08:30:05 UTC`, as on the pages. */
export function timeText(time: string | Date): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** One line on standard error that rewrites itself; nothing when that is not a terminal. */
export function progressLine(): { show(text: string): void; clear(): void } {
  const { stderr } = process
  if (!stderr.isTTY) return { show() {}, clear() {} }
  return {
    show: (text) => stderr.write(`\r\x1b[K${plain(text).slice(0, (stderr.columns ?? 80) - 1)}`),
    clear: () => stderr.write('\r\x1b[K'),
  }
}
