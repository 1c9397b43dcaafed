import { AppError } from '#lib/errors.ts'
import { type BytePath, displayPath, exactText } from './byte-path.ts'

/** One thing a backup holds. Its header lies at `offset` of the tar stream, a file's content at `data`. */
export interface Entry {
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'
  /** Relative to the source, parts joined by `/`; the source itself is `.`. */
  readonly path: BytePath
  /** Bytes of content; 0 for all but files. */
  readonly size: number
  /** The lower 12 bits: set-user-ID, set-group-ID, sticky and permissions. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since 1970, negative before. */
  readonly mtimeNs: bigint
  readonly offset: number
  readonly data: number
  /** A symlink's text, or the path of the entry that a hard link is another name of. */
  readonly target?: BytePath
  /** What went wrong while it was read. */
  readonly warning?: string
}

/** Something found in the source that the backup does not hold, and why. */
export interface SkippedItem {
  readonly type: 'skipped'
  readonly path: BytePath
  readonly warning: string
}

/** Seconds with nine digits after the point, as pax writes times. */
export function formatTime(ns: bigint): string {
  const absolute = ns < 0n ? -ns : ns
  const digits = absolute.toString().padStart(10, '0')
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
}

export function parseTime(text: string): bigint {
  return BigInt(text.replace('.', ''))
}

/** The path as text, or as base64 under another name when its bytes are not UTF-8. */
export function textOrBase64(name: 'path' | 'target' | 'first', path: BytePath): Record<string, string> {
  const text = exactText(path)
  return text === undefined ? { [`${name}Base64`]: Buffer.from(path, 'latin1').toString('base64') } : { [name]: text }
}

/** One line of JSON, without the newline. The fields are described in docs/format.md. */
export function encodeEntry(entry: Entry | SkippedItem): string {
  if (entry.type === 'skipped')
    return JSON.stringify({ type: entry.type, ...textOrBase64('path', entry.path), warning: entry.warning })
  const { type, size, mode, uid, gid, offset, data, warning } = entry
  // Put together by hand: this runs for every file, and takes a third of the time.
  const path = inJson('path', entry.path)
  const target = entry.target === undefined ? '' : `,${inJson('target', entry.target)}`
  const end = warning === undefined ? '' : `,"warning":${JSON.stringify(warning)}`
  // And not with `+`: thousands of lines are kept for a while, and would be kept as trees of their pieces.
  const line = ['{"type":"', type, '",', path, ',"size":', size, ',"mode":', mode, ',"uid":', uid, ',"gid":', gid]
  line.push(',"mtime":"', formatTime(entry.mtimeNs), '","offset":', offset, ',"data":', data, target, end, '}')
  return line.join('')
}

function inJson(name: 'path' | 'target', path: BytePath): string {
  const text = exactText(path)
  return text === undefined
    ? `"${name}Base64":"${Buffer.from(path, 'latin1').toString('base64')}"`
    : `"${name}":${JSON.stringify(text)}`
}

/** Throws AppError `integrity` on anything that `encodeEntry` does not write. */
export function parseEntry(line: string): Entry | SkippedItem {
  const fields = parseObject(line)
  const path = bytesOf(fields, 'path')
  if (path === undefined) throw malformed('an entry has no path')
  const warning = fields.warning
  if (warning !== undefined && typeof warning !== 'string') throw malformed('a warning is not text')
  const type = fields.type
  if (type === 'skipped') return { type, path, warning: warning ?? '' }
  if (type !== 'file' && type !== 'folder' && type !== 'symlink' && type !== 'hardlink')
    throw malformed(`"${displayPath(path)}" is of the unknown type ${JSON.stringify(type)}`)
  const target = bytesOf(fields, 'target')
  if ((target !== undefined) !== (type === 'symlink' || type === 'hardlink'))
    throw malformed('an entry has a link target and is no link, or the other way round')
  const mtime = fields.mtime
  if (typeof mtime !== 'string' || !/^-?\d{1,19}\.\d{9}$/.test(mtime)) throw malformed('a time is not one')
  const size = whole(fields, 'size', Number.MAX_SAFE_INTEGER)
  if (type !== 'file' && size !== 0) throw malformed('an entry without content has a size')
  return {
    type,
    path,
    size,
    mode: whole(fields, 'mode', 0o7777),
    uid: whole(fields, 'uid', 0xffff_ffff),
    gid: whole(fields, 'gid', 0xffff_ffff),
    mtimeNs: parseTime(mtime),
    offset: whole(fields, 'offset', Number.MAX_SAFE_INTEGER),
    data: whole(fields, 'data', Number.MAX_SAFE_INTEGER),
    ...(target === undefined ? {} : { target }),
    ...(warning === undefined ? {} : { warning }),
  }
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new AppError('integrity', 'The list of entries holds a line that is no JSON.', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('a line is no object')
  return { ...value }
}

/** What `textOrBase64` wrote. Throws AppError `integrity`. */
export function bytesOf(fields: Readonly<Record<string, unknown>>, name: string): BytePath | undefined {
  const text = fields[name]
  const base64 = fields[`${name}Base64`]
  if (text !== undefined && base64 !== undefined) throw malformed(`an entry has two values for ${name}`)
  if (typeof text === 'string') return Buffer.from(text, 'utf8').toString('latin1')
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64').toString('latin1')
  if (text !== undefined || base64 !== undefined) throw malformed(`${name} is not text`)
  return undefined
}

function whole(fields: Record<string, unknown>, name: string, max: number): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max)
    throw malformed(`${name} is not a whole number from 0 to ${max}`)
  return value
}

function malformed(what: string): AppError {
  return new AppError('integrity', `The list of entries is not as this format demands: ${what}.`)
}
