import { AppError, messageOf } from '#lib/errors.ts'
import { type BytePath, displayPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import type { SegmentCutter } from './segment-cutter.ts'
import { END_OF_TAR, encodeTarHeader, paddingAfter } from './tar-header.ts'

// Bytes that come in from elsewhere, as files of a tar stream. They are nobody else's business when restored.
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** One file as it comes in; `size` undefined when only its end will tell. */
export interface Incoming {
  readonly path: BytePath
  readonly size: number | undefined
  readonly mtimeNs: bigint
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface IncomingOptions {
  readonly cutter: SegmentCutter
  readonly onItem: (item: Entry) => void | Promise<void>
  readonly onRead?: (path: BytePath, bytes: number) => void
  readonly signal?: AbortSignal
}

/**
 * Writes files as they come in, and the folders they lie in, as one tar stream. Only a file that is the only one may be
 * of unknown size. Throws AppError `invalid` for a size that is not the announced one and for paths out of order, and
 * `unavailable` when bytes stop coming.
 */
export async function packIncoming(files: AsyncIterable<Incoming>, options: IncomingOptions): Promise<void> {
  const { cutter, signal } = options
  let before: readonly string[] = []
  for await (const file of abortable(files, signal)) {
    const parts = file.path.split('/')
    const common = commonStart(before, parts, file.path)
    for (let depth = common + 1; depth < parts.length; depth += 1)
      await addFolder(parts.slice(0, depth).join('/'), file.mtimeNs, options)
    if (file.size === undefined) await addUnmeasured(file, options)
    else await addMeasured(file, file.size, options)
    before = parts
  }
  await cutter.write(END_OF_TAR)
  cutter.finish()
}

/** How many folders two paths that follow each other share. Throws unless the second comes after the first. */
function commonStart(before: readonly string[], parts: readonly string[], path: BytePath): number {
  const most = parts.length - 1
  let common = 0
  while (common < most && common < before.length - 1 && before[common] === parts[common]) common += 1
  const [old, next] = [before[common], parts[common] ?? '']
  if (old === undefined || old < next) return common
  const why =
    old === next ? 'it comes twice, or as a file and as a folder' : `it comes after “${displayPath(before.join('/'))}”`
  throw new AppError('invalid', `“${displayPath(path)}” cannot be added to the backup: ${why}.`, {
    fix: 'Send the files sorted by path, and each path once.',
  })
}

async function addFolder(path: BytePath, mtimeNs: bigint, { cutter, onItem }: IncomingOptions): Promise<void> {
  const described = { type: 'folder', path, size: 0, mode: FOLDER_MODE, ...owner(), mtimeNs } as const
  const offset = cutter.position
  await cutter.write(Buffer.from(encodeTarHeader(described)))
  await onItem({ ...described, offset, data: cutter.position })
}

async function addMeasured(file: Incoming, size: number, options: IncomingOptions): Promise<void> {
  const { cutter, onItem } = options
  const described = { type: 'file', path: file.path, size, mode: FILE_MODE, ...owner(), mtimeNs: file.mtimeNs } as const
  const offset = cutter.position
  await cutter.write(Buffer.from(encodeTarHeader(described)))
  const data = cutter.position
  const came = await copy(file, size, options)
  if (came < size) throw wrongSize(file.path, `announced with ${size} bytes, and only ${came} came`)
  await cutter.zeros(paddingAfter(size))
  await onItem({ ...described, offset, data })
}

/** Its header is written over once its size is known: until then the first segment waits. */
async function addUnmeasured(file: Incoming, options: IncomingOptions): Promise<void> {
  const { cutter, onItem } = options
  const { path, mtimeNs } = file
  if (cutter.position > 0) throw wrongSize(path, 'of unknown size, and not the only one')
  const described = { type: 'file', path, size: 0, mode: FILE_MODE, ...owner(), mtimeNs } as const
  cutter.holdFirst()
  await cutter.write(Buffer.from(encodeTarHeader(described, true)))
  const data = cutter.position
  const size = await copy(file, Number.MAX_SAFE_INTEGER, options)
  await cutter.zeros(paddingAfter(size))
  const header = encodeTarHeader({ ...described, size }, true)
  if (header.length !== data) throw wrongSize(path, 'named so that its header changes with its size')
  cutter.rewriteStart(header)
  await onItem({ ...described, size, offset: 0, data })
}

async function copy({ path, bytes }: Incoming, atMost: number, options: IncomingOptions): Promise<number> {
  const { cutter, onRead, signal } = options
  let came = 0
  try {
    for await (const piece of abortable(bytes, signal)) {
      if (came + piece.length > atMost) throw wrongSize(path, `announced with ${atMost} bytes, and more came`)
      await cutter.write(piece)
      came += piece.length
      onRead?.(path, piece.length)
    }
  } catch (cause) {
    if (cause instanceof AppError || signal?.aborted) throw cause
    const message = `“${displayPath(path)}” stopped coming after ${came} bytes: ${messageOf(cause)}`
    throw new AppError('unavailable', message, { cause })
  }
  return came
}

function wrongSize(path: BytePath, what: string): AppError {
  return new AppError('invalid', `“${displayPath(path)}” is ${what}.`, { fix: 'Nothing was kept. Send it again.' })
}

function owner(): { uid: number; gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
}

/** The same, but whoever waits for the next piece is told of an abort at once. */
async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      signal?.throwIfAborted()
      const next = await unlessAborted(iterator.next(), signal)
      if (next.done) {
        ended = true
        return
      }
      yield next.value
    }
  } finally {
    // Not awaited: a source that is stuck is stuck here as well.
    if (!ended) iterator.return?.().catch(() => {})
  }
}

// Promise.race would leave something behind on the signal's promise for every piece.
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    // Asking for the next piece may itself have led to the abort.
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
