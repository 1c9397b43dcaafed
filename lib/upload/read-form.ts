import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy, type BusboyFileStream } from '@fastify/busboy'
import type { FilesSource, IncomingFile } from '#lib/backup/source.ts'
import { AppError } from '#lib/errors.ts'
import { fileListSchema, type ListedFile } from './schema.ts'

// A form of many files: first the field `files`, which lists them, then each as a part, in that order. What the list
// says counts; the names in the parts' headers, which every sender writes differently, do not.

const LIST = 'files'
const MAX_LIST_BYTES = 32 * 1024 * 1024

/**
 * Resolves when the list has come and was checked; the files then come as they are asked for.
 * Throws AppError `invalid` with what is wrong, and what `body` throws.
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<{ list: readonly ListedFile[]; source: FilesSource }> {
  const parts = new Parts()
  let list: ListedFile[] | undefined
  const form = openForm(contentType)
  form.on('field', (name, value, _, truncated) => {
    if (list || name !== LIST) return parts.fail(invalid(`The form has a field “${name}” besides “${LIST}”.`))
    if (truncated) return parts.fail(invalid('The list of files is too long.'))
    try {
      list = parseList(value)
      parts.add(undefined)
    } catch (error) {
      parts.fail(error)
    }
  })
  form.on('file', (_, stream) => {
    // One that nobody gets to read must not end the process with its error.
    stream.on('error', () => {})
    if (list) parts.add(stream)
    else parts.fail(invalid(`The field “${LIST}”, which lists the files, must come before them.`))
  })
  pipeline(Readable.from(body, { objectMode: true }), form).then(
    () => parts.end(),
    (error: unknown) =>
      parts.fail(error instanceof AppError ? error : invalid('The form is not as it should be.', error)),
  )
  await parts.next()
  const files = list
  if (!files) throw invalid(`The form has no field “${LIST}”, which lists the files.`)
  return { list: files, source: { kind: 'files', files: inOrder(files, parts) } }
}

async function* inOrder(list: readonly ListedFile[], parts: Parts): AsyncGenerator<IncomingFile> {
  for (const { path, size, mtime } of list) {
    const stream = await parts.next()
    if (!stream) throw invalid(`The form ended before the file “${path}”.`)
    yield { path, size, ...(mtime !== undefined && { mtime: new Date(mtime) }), bytes: stream }
  }
  if (await parts.next()) throw invalid('The form holds more files than it lists.')
}

/** What the parser found and nobody has taken yet: no more than one piece of the request holds. */
class Parts {
  #waiting: (BusboyFileStream | undefined)[] = []
  #open = new Set<BusboyFileStream>()
  #ended = false
  #error: unknown
  #wake: (() => void) | undefined

  add(part: BusboyFileStream | undefined): void {
    this.#waiting.push(part)
    if (part) {
      this.#open.add(part)
      part.once('end', () => this.#open.delete(part))
      if (this.#error !== undefined) this.fail(this.#error)
    }
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  /** Whoever reads a part, or waits for the next, is told. */
  fail(error: unknown): void {
    this.#error ??= error
    for (const part of this.#open) part.destroy(error instanceof Error ? error : new Error(String(error)))
    this.#open.clear()
    this.#wake?.()
  }

  /** Undefined for the list, and at the end. */
  async next(): Promise<BusboyFileStream | undefined> {
    while (this.#waiting.length === 0 && !this.#ended && this.#error === undefined)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#error !== undefined) throw this.#error
    return this.#waiting.shift()
  }
}

function openForm(contentType: string) {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      preservePath: true,
      isPartAFile: (name) => name !== LIST,
      limits: { fieldSize: MAX_LIST_BYTES, fields: 2, headerPairs: 20, headerSize: 16 * 1024 },
    })
  } catch (cause) {
    throw invalid('The form’s Content-Type names no boundary.', cause)
  }
}

function parseList(text: string): ListedFile[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid('The field “files” is not JSON.', cause)
  }
  const parsed = fileListSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues[0]?.message ?? 'The list of files cannot be used.')
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('invalid', message, { cause })
}
