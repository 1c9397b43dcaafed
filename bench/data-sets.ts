import { createCipheriv, createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'

// What is backed up, the same bytes for the same seed and sizes.

export interface DataSet {
  readonly name: 'incompressible' | 'logs' | 'small files'
  /** Of all files. */
  readonly bytes: number
  readonly files: number
}

const MIB = 2 ** 20

export function makeIncompressible(folder: string, bytes: number, files = 8): DataSet {
  mkdirSync(folder)
  const random = randomBytes('incompressible')
  for (let file = 0; file < files; file++) {
    writePieces(path.join(folder, `${file}.bin`), bytes / files, (size) => random(size))
  }
  return { name: 'incompressible', bytes, files }
}

/** As a web server writes them: few forms, many numbers, addresses and paths of which some come often. */
export function makeLogs(folder: string, bytes: number, files = 8): DataSet {
  mkdirSync(folder)
  const lines = logLines('logs')
  for (let file = 0; file < files; file++) {
    writePieces(path.join(folder, `access-${file}.log`), bytes / files, lines)
  }
  return { name: 'logs', bytes, files }
}

/** From 1 to 16 KiB, a hundred in a folder, every other one text. */
export function makeSmallFiles(folder: string, files: number): DataSet {
  mkdirSync(folder)
  const random = randomBytes('small files')
  const number = numbers('sizes')
  const lines = logLines('small texts')
  let bytes = 0
  for (let file = 0; file < files; file++) {
    const inside = path.join(folder, `folder-${String(Math.floor(file / 100)).padStart(3, '0')}`)
    if (file % 100 === 0) mkdirSync(inside)
    const size = 1024 + number(15 * 1024 + 1)
    const isText = file % 2 === 0
    const content = isText ? lines(size).subarray(0, size) : random(size)
    writeFileSync(path.join(inside, `file-${file}.${isText ? 'txt' : 'bin'}`), content)
    bytes += size
  }
  return { name: 'small files', bytes, files }
}

function writePieces(file: string, size: number, piece: (size: number) => Buffer): void {
  const open = openSync(file, 'w')
  try {
    for (let left = size; left > 0; ) {
      const bytes = piece(Math.min(left, MIB)).subarray(0, left)
      writeSync(open, bytes)
      left -= bytes.length
    }
  } finally {
    closeSync(open)
  }
}

/** Not for secrets: a stream of bytes that looks random and is made fast. */
function randomBytes(seed: string): (size: number) => Buffer {
  const key = createHash('sha256').update(seed).digest()
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return (size) => stream.update(Buffer.alloc(size))
}

/** Whole numbers from 0 to below the given one. */
function numbers(seed: string): (below: number) => number {
  const random = randomBytes(seed)
  let block = random(65_536)
  let at = 0
  return (below) => {
    if (at === block.length) [block, at] = [random(65_536), 0]
    at += 4
    return block.readUInt32LE(at - 4) % below
  }
}

const paths = ['/', '/api/v1/orders', '/api/v1/orders/{n}', '/api/v1/customers/{n}', '/login', '/static/app-{n}.js']
const methods = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE']
const statuses = [200, 200, 200, 200, 200, 201, 204, 301, 304, 400, 401, 404, 500, 503]
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'curl/8.9.1',
  'python-requests/2.32.3',
]

function logLines(seed: string): (size: number) => Buffer {
  const number = numbers(seed)
  const one = <T>(list: readonly T[]) => list[number(list.length)]
  // A few addresses come often, as they do.
  const address = () => {
    const host = number(number(2) ? 40 : 20_000)
    return `10.${host >> 12}.${(host >> 6) & 63}.${host & 63}`
  }
  const id = () => (number(2 ** 32) + 2 ** 32).toString(16).slice(1) + (number(2 ** 32) + 2 ** 32).toString(16).slice(1)
  let time = Date.UTC(2026, 0, 1)
  return (size) => {
    const lines: string[] = []
    for (let length = 0; length < size; ) {
      time += number(40)
      const target = one(paths)?.replace('{n}', String(number(100_000)))
      const line = `${address()} - - [${new Date(time).toISOString()}] "${one(methods)} ${target} HTTP/1.1" ${one(statuses)} ${number(40_000)} "-" "${one(agents)}" request_id=${id()} duration_ms=${number(number(20) ? 90 : 4_000)}\n`
      lines.push(line)
      length += line.length
    }
    return Buffer.from(lines.join(''))
  }
}
