import { type BytePath, exactText } from './byte-path.ts'
import { type Entry, formatTime } from './entry.ts'

// POSIX.1-2024, pax interchange format. Written here because tar-stream, like every tar package on npm, takes
// names as text only (a name that is not UTF-8 would be changed), writes no time beyond 2038, and exports no codec.

export const BLOCK = 512

/** Two blocks of zeros end a tar stream. */
export const END_OF_TAR = Buffer.alloc(2 * BLOCK)

export function paddingAfter(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

const TYPE_FLAGS = { file: '0', hardlink: '1', symlink: '2', folder: '5' } as const
const MAX_OCTAL_7 = 0o7777777
const MAX_OCTAL_11 = 0o77777777777
const MAX_TIME = BigInt(MAX_OCTAL_11)
const NS = 1_000_000_000n
const beyondAscii = /[\u0080-\u00ff]/
/** Room for all but the longest paths. */
const scratch = Buffer.alloc(8 * BLOCK)

/**
 * Everything before the content: the header block, and before it a pax header where ustar's fields do not suffice. Good
 * until the next call, which writes into the same memory.
 * @param alwaysPax so that another size, of the same file, takes the same number of bytes
 */
export function encodeTarHeader(entry: Omit<Entry, 'offset' | 'data'>, alwaysPax = false): Buffer {
  const path = entry.type === 'folder' ? `${entry.path}/` : entry.path
  const target = entry.target ?? ''
  let records = ''

  const binary = exactText(path) === undefined || exactText(target) === undefined
  if (binary && (path.length > 100 || target.length > 100)) records += paxRecord('hdrcharset', 'BINARY')
  // Raw bytes fit into ustar's own fields, where every reader takes them as they are.
  if (path.length > 100 || (!binary && beyondAscii.test(path))) records += paxRecord('path', path)
  if (target.length > 100 || (!binary && beyondAscii.test(target))) records += paxRecord('linkpath', target)

  const seconds = entry.mtimeNs / NS
  const ustarTime = entry.mtimeNs >= 0n && seconds <= MAX_TIME
  if (!ustarTime || alwaysPax || entry.mtimeNs % NS !== 0n) records += paxRecord('mtime', formatTime(entry.mtimeNs))
  if (entry.size > MAX_OCTAL_11) records += paxRecord('size', String(entry.size))
  if (entry.uid > MAX_OCTAL_7) records += paxRecord('uid', String(entry.uid))
  if (entry.gid > MAX_OCTAL_7) records += paxRecord('gid', String(entry.gid))

  const { mode, uid, gid, size } = entry
  const mtime = ustarTime ? Number(seconds) : 0
  const paxLength = records === '' ? 0 : BLOCK + records.length + paddingAfter(records.length)
  const length = paxLength + BLOCK
  const bytes = (length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length)).fill(0)
  if (paxLength > 0) {
    writeBlock(bytes, 0, 'PaxHeader', 'x', '', 0o644, uid, gid, records.length, mtime)
    bytes.write(records, BLOCK, 'latin1')
  }
  const target100 = target.slice(0, 100)
  writeBlock(bytes, paxLength, path.slice(0, 100), TYPE_FLAGS[entry.type], target100, mode, uid, gid, size, mtime)
  return bytes
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length += 1
  return `${length} ${key}=${value}\n`
}

// As many arguments as a header has fields: this runs for every file, and objects would be let go of as often.
function writeBlock(
  bytes: Buffer,
  at: number,
  name: BytePath,
  type: string,
  linkName: BytePath,
  mode: number,
  uid: number,
  gid: number,
  size: number,
  mtime: number,
): void {
  bytes.write(name, at, 'latin1')
  octal(bytes, at + 100, 7, mode)
  octal(bytes, at + 108, 7, uid)
  octal(bytes, at + 116, 7, gid)
  octal(bytes, at + 124, 11, size)
  octal(bytes, at + 136, 11, mtime)
  bytes.fill(0x20, at + 148, at + 156)
  bytes.write(type, at + 156, 'latin1')
  bytes.write(linkName, at + 157, 'latin1')
  bytes.write('ustar\x0000', at + 257, 'latin1')
  octal(bytes, at + 329, 7, 0)
  octal(bytes, at + 337, 7, 0)
  let sum = 0
  for (let i = at; i < at + BLOCK; i += 1) sum += bytes[i] ?? 0
  octal(bytes, at + 148, 6, sum)
  bytes[at + 154] = 0
}

/** Digits of a number, or the largest one where it has more: a pax record says the true value. */
function octal(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value >= 8 ** digits ? 8 ** digits - 1 : value
  for (let i = at + digits - 1; i >= at; i -= 1) {
    const above = Math.floor(rest / 8)
    bytes[i] = 0x30 + (rest - above * 8)
    rest = above
  }
}
