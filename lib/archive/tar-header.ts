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
const NS = 1_000_000_000n

/** Everything before the content: the header block, and before it a pax header where ustar's fields do not suffice. */
export function encodeTarHeader(entry: Omit<Entry, 'offset' | 'data'>): Buffer {
  const path = entry.type === 'folder' ? `${entry.path}/` : entry.path
  const target = entry.target ?? ''
  const records: string[] = []
  const add = (key: string, value: BytePath) => records.push(paxRecord(key, value))

  const binary = exactText(path) === undefined || exactText(target) === undefined
  const longOrNotAscii = (text: BytePath) => text.length > 100 || /[\u0080-\u00ff]/.test(text)
  if (binary && (path.length > 100 || target.length > 100)) add('hdrcharset', 'BINARY')
  // Raw bytes fit into ustar's own fields, where every reader takes them as they are.
  if (path.length > 100 || (!binary && longOrNotAscii(path))) add('path', path)
  if (target.length > 100 || (!binary && longOrNotAscii(target))) add('linkpath', target)

  const seconds = entry.mtimeNs / NS
  const ustarTime = entry.mtimeNs >= 0n && seconds <= BigInt(MAX_OCTAL_11)
  if (!ustarTime || entry.mtimeNs % NS !== 0n) add('mtime', formatTime(entry.mtimeNs))
  if (entry.size > MAX_OCTAL_11) add('size', String(entry.size))
  if (entry.uid > MAX_OCTAL_7) add('uid', String(entry.uid))
  if (entry.gid > MAX_OCTAL_7) add('gid', String(entry.gid))

  const fields = { ...entry, mtime: ustarTime ? Number(seconds) : 0 }
  const header = block(path.slice(0, 100), TYPE_FLAGS[entry.type], fields, target.slice(0, 100))
  if (records.length === 0) return header
  const pax = Buffer.from(records.join(''), 'latin1')
  const paxHeader = block('PaxHeader', 'x', { ...fields, mode: 0o644, size: pax.length })
  return Buffer.concat([paxHeader, pax, Buffer.alloc(paddingAfter(pax.length)), header])
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length += 1
  return `${length} ${key}=${value}\n`
}

interface Numbers {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
}

function block(name: BytePath, type: string, numbers: Numbers, linkName = ''): Buffer {
  const bytes = Buffer.alloc(BLOCK)
  bytes.write(name, 0, 'latin1')
  octal(bytes, 100, 7, numbers.mode)
  octal(bytes, 108, 7, numbers.uid)
  octal(bytes, 116, 7, numbers.gid)
  octal(bytes, 124, 11, numbers.size)
  octal(bytes, 136, 11, numbers.mtime)
  bytes.write('        ', 148, 'latin1')
  bytes.write(type, 156, 'latin1')
  bytes.write(linkName, 157, 'latin1')
  bytes.write('ustar\x0000', 257, 'latin1')
  octal(bytes, 329, 7, 0)
  octal(bytes, 337, 7, 0)
  let sum = 0
  for (let i = 0; i < BLOCK; i += 1) sum += bytes[i] ?? 0
  octal(bytes, 148, 6, sum)
  bytes[154] = 0
  return bytes
}

function octal(bytes: Buffer, at: number, digits: number, value: number): void {
  const text = value.toString(8)
  bytes.write(text.length > digits ? '7'.repeat(digits) : text.padStart(digits, '0'), at, 'latin1')
}
