import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { readForm } from './read-form.ts'
import { compareTreePaths, fileListSchema, pathProblem, putQuerySchema } from './schema.ts'

interface Sent {
  path: string
  content: Buffer
}

/** A form as a browser sends it, with its Content-Type. */
async function formOf(
  files: readonly Sent[],
  list: unknown = files.map(({ path, content }) => ({ path, size: content.length })),
) {
  const form = new FormData()
  form.set('files', typeof list === 'string' ? list : JSON.stringify(list))
  for (const { path, content } of files) form.append('file', new Blob([new Uint8Array(content)]), path)
  const response = new Response(form)
  return {
    type: response.headers.get('content-type') ?? '',
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}

async function* inPieces(bytes: Buffer, size: number, then?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise((resolve) => setImmediate(resolve))
    yield bytes.subarray(at, at + size)
  }
  if (then) throw then
}

async function collect(body: AsyncIterable<Uint8Array>, type: string): Promise<Sent[]> {
  const { source } = await readForm(body, type)
  const files: Sent[] = []
  for await (const { path, bytes } of source.files) {
    const pieces: Uint8Array[] = []
    for await (const piece of bytes) pieces.push(piece)
    files.push({ path, content: Buffer.concat(pieces) })
  }
  return files
}

const tree: Sent[] = [
  { path: 'a/empty', content: Buffer.alloc(0) },
  { path: 'a/one', content: Buffer.from('1') },
  { path: 'a.txt', content: Buffer.from('\r\n--looks like a boundary\r\n') },
  { path: 'größe "quoted".bin', content: randomBytes(300_000) },
  ...Array.from({ length: 200 }, (_, index) => ({
    path: `many/${String(index).padStart(4, '0')}`,
    content: Buffer.from(`file ${index}`),
  })),
].sort((one, other) => compareTreePaths(one.path, other.path))

test.each([1000, 8191, 65_536, 10_000_000])('files come in their order, whole, in pieces of %i bytes', async (size) => {
  const { type, bytes } = await formOf(tree)
  expect(await collect(inPieces(bytes, size), type)).toEqual(tree)
})

test('a reader that is slow holds up the sender instead of filling the memory', async () => {
  const { type, bytes } = await formOf([{ path: 'big', content: randomBytes(20 * 1024 * 1024) }])
  let sent = 0
  async function* body() {
    for await (const piece of inPieces(bytes, 65_536)) {
      sent += piece.length
      yield piece
    }
  }
  const { source } = await readForm(body(), type)
  for await (const { bytes: content } of source.files) {
    let read = 0
    for await (const piece of content) {
      read += piece.length
      for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve))
      expect(sent - read).toBeLessThan(2 * 1024 * 1024)
    }
    expect(read).toBe(20 * 1024 * 1024)
  }
})

test.each([
  ['cut off in a file', 200_000],
  ['cut off in the list', 100],
  ['cut off before the end', -60],
])('%s: an error, never fewer files', async (_, at) => {
  const { type, bytes } = await formOf(tree)
  await expect(collect(inPieces(bytes.subarray(0, at), 5000), type)).rejects.toMatchObject({ code: 'invalid' })
})

test('what the sender fails with reaches whoever reads', async () => {
  const { type, bytes } = await formOf(tree)
  const lost = new Error('connection lost')
  await expect(collect(inPieces(bytes.subarray(0, 150_000), 5000, lost), type)).rejects.toThrow()
})

test.each([
  ['fewer files than listed', tree.slice(1), undefined, /ended before the file/],
  [
    'more files than listed',
    [...tree, { path: 'zzz', content: Buffer.from('z') }],
    undefined,
    /more files than it lists/,
  ],
  ['no JSON', tree, '{', /not JSON/],
  ['no list', tree, { path: 'a' }, /not a JSON list/],
  ['an empty list', [], [], /list of files is empty/],
  ['a list of names', [], ['a'], /not a JSON list of/],
  ['a file without a path', [], [{ size: 1 }], /file’s path is a text/],
  ['a size that is a text', [], [{ path: 'a', size: '1' }], /file’s size is its whole number of bytes/],
  ['a size below zero', [], [{ path: 'a', size: -1 }], /file’s size is its whole number of bytes/],
  ['a time that is a text', [], [{ path: 'a', size: 1, mtime: 'now' }], /mtime is in milliseconds/],
  [
    'out of order',
    [],
    [
      { path: 'b', size: 0 },
      { path: 'a', size: 0 },
    ],
    /out of order/,
  ],
  [
    'twice',
    [],
    [
      { path: 'a', size: 0 },
      { path: 'a', size: 0 },
    ],
    /there twice/,
  ],
  [
    'file and folder',
    [],
    [
      { path: 'a', size: 0 },
      { path: 'a/b', size: 0 },
    ],
    /a file and a folder/,
  ],
  ['absolute', [], [{ path: '/etc/passwd', size: 0 }], /is absolute/],
  ['climbing out', [], [{ path: 'a/../../b', size: 0 }], /the part “\.\.”/],
  ['negative size', [], [{ path: 'a', size: -1 }], /./],
  ['a time that no calendar has', [], [{ path: 'a', size: 0, mtime: 1e300 }], /mtime is in milliseconds/],
] as const)('%s is refused', async (_, files, list, message) => {
  const whole = tree.map(({ path, content }) => ({ path, size: content.length }))
  const { type, bytes } = await formOf(files, list ?? whole)
  await expect(collect(inPieces(bytes, 4096), type)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(message),
  })
})

test('files before their list, another field, no boundary', async () => {
  const late = new FormData()
  late.append('file', new Blob(['x']), 'a')
  late.set('files', '[{"path":"a","size":1}]')
  const other = new FormData()
  other.set('name', 'x')
  for (const form of [late, other]) {
    const response = new Response(form)
    const bytes = Buffer.from(await response.arrayBuffer())
    const type = response.headers.get('content-type') ?? ''
    await expect(collect(inPieces(bytes, 4096), type)).rejects.toMatchObject({ code: 'invalid' })
  }
  await expect(readForm(inPieces(Buffer.from('x'), 1), 'multipart/form-data')).rejects.toMatchObject({
    code: 'invalid',
  })
})

test.each([
  ['a', undefined],
  ['a/b/ç ü\n', undefined],
  ['', 'is empty'],
  ['/a', 'is absolute'],
  ['a//b', 'has the part “”'],
  ['a/', 'has the part “”'],
  ['./a', 'has the part “.”'],
  ['a/..', 'has the part “..”'],
  ['a\0b', 'contains a NUL character'],
  ['\ud800', 'is not well-formed Unicode'],
  ['ü'.repeat(128), 'has a part of more than 255 bytes'],
  ['ü'.repeat(127), undefined],
  [`${'a/'.repeat(2048)}a`, 'has more than 4,096 bytes'],
])('the path %j: %s', (path, problem) => {
  expect(pathProblem(path)).toBe(problem)
})

test('the order of a tree is that of UTF-8 bytes, part after part', () => {
  const paths = ['b', 'a.txt', 'a/z', 'a', '\u{1f511}', '\uffee', 'é', 'a/b/c', 'A']
  const byBytes = (one: string, other: string) =>
    Buffer.compare(Buffer.from(one.replaceAll('/', '\0')), Buffer.from(other.replaceAll('/', '\0')))
  expect([...paths].sort(compareTreePaths)).toEqual([...paths].sort(byBytes))
})

test('a list of many files is judged quickly', () => {
  const list = Array.from({ length: 100_000 }, (_, index) => ({ path: `f/${String(index).padStart(6, '0')}`, size: 1 }))
  expect(fileListSchema.safeParse(list).success).toBe(true)
  expect(fileListSchema.safeParse([...list, { path: 'g', size: 1 }]).success).toBe(false)
})

test('the name of a single file is one part', () => {
  expect(putQuerySchema.parse({ name: 'dump' })).toEqual({ name: 'dump', path: 'upload' })
  for (const path of ['a/b', '..', '', '\0']) expect(putQuerySchema.safeParse({ name: 'x', path }).success).toBe(false)
  for (const name of ['evil\u202egpj.exe', '', '  ', 'a\nb', 'x'.repeat(2001)])
    expect(putQuerySchema.safeParse({ name }).success).toBe(false)
})
