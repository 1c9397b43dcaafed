import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { readForm } from '#lib/upload/read-form.ts'
import { bytesOf } from '#lib/upload/read-request.ts'
import { actor } from './console-for-tests.ts'
import { receiveBackup } from './receive-backup.ts'
import { runBackup } from './run-backup.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'
import { startBackup } from './start-backup.ts'

const here = sandboxConsole()
const never = new AbortController().signal

const { restored } = here
async function objectsOf(id: string): Promise<number> {
  const { bucket, prefix, environmentId } = await here.db.backup.findUniqueOrThrow({ where: { id } })
  const folder = `${prefix && `${prefix}/`}${environmentId}/backups/${id}/`
  const { Contents = [] } = await here.sandbox.s3().send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder }))
  return Contents.length
}
async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000)
}
/** A body whose sender goes away after these bytes. */
function lost(bytes: Buffer): ReadableStream<Uint8Array> {
  const coming = pieces(bytes)
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await coming.next()
      if (done) controller.error(new Error('aborted'))
      else controller.enqueue(value)
    },
  })
}
const wish = (name: string) => ({ name, from: 'Upload of data', actor })

test('before an environment is saved there is nowhere to put it', async () => {
  const input = { kind: 'stream', name: 'data', bytes: pieces(Buffer.from('x')) } as const
  await expect(receiveBackup(here.context, wish('early'), input, never)).rejects.toMatchObject({ code: 'invalid' })
  expect(await here.db.backup.count()).toBe(0)
  await here.save({ masterKey: here.key('backups') })
})

test.each([0, 1, 40 * 1024 * 1024 + 1])('a stream of %i bytes comes back', async (size) => {
  const bytes = randomBytes(size)
  const input = { kind: 'stream', name: 'größe.bin', bytes: pieces(bytes) } as const
  const row = await receiveBackup(here.context, wish('a stream'), input, never)
  expect(row).toMatchObject({ state: 'complete', name: 'a stream', source: 'Upload of data', bytes: size, files: 1 })
  const { warnings } = await here.db.backup.findUniqueOrThrow({ where: { id: row.id } })
  expect(warnings).toMatchObject(
    size > 0 ? [] : [{ path: 'größe.bin', message: expect.stringMatching(/nothing came/) }],
  )
  expect(row.warnings).toBe(size > 0 ? 0 : 1)
  expect(readFileSync(path.join(await restored(row.id), 'größe.bin')).equals(bytes)).toBe(true)
})

test('a form of files comes back, with folders and times', async () => {
  const files = [
    { path: 'docs/a', content: randomBytes(100_000), mtime: 1_700_000_000_123 },
    { path: 'docs/deep/er/b', content: Buffer.alloc(0), mtime: 1_600_000_000_000 },
    { path: 'top', content: Buffer.from('top'), mtime: 0 },
  ]
  const form = new FormData()
  form.set('files', JSON.stringify(files.map(({ path, content, mtime }) => ({ path, size: content.length, mtime }))))
  for (const { path, content } of files) form.append('file', new Blob([new Uint8Array(content)]), path)
  const response = new Response(form)
  const { source } = await readForm(bytesOf(response.body, never), response.headers.get('content-type') ?? '')
  const row = await receiveBackup(here.context, wish('files'), source, never)
  expect(row).toMatchObject({ state: 'complete', error: null, files: 3 })
  const target = await restored(row.id)
  for (const { path: name, content } of files) expect(readFileSync(path.join(target, name)).equals(content)).toBe(true)
})

test('a sender that goes away leaves a failed backup that says so, and nothing in the bucket', async () => {
  const form = new FormData()
  form.set('files', JSON.stringify([{ path: 'a', size: 60_000_000 }]))
  form.append('file', new Blob([new Uint8Array(60_000_000)]), 'a')
  const response = new Response(form)
  const whole = Buffer.from(await response.arrayBuffer())
  const cut = lost(whole.subarray(0, 50_000_000))
  const type = response.headers.get('content-type') ?? ''
  const stream = lost(randomBytes(40_000_000))
  for (const input of [
    (await readForm(bytesOf(cut, never), type)).source,
    { kind: 'stream', name: 'data', bytes: bytesOf(stream, never) } as const,
  ]) {
    const row = await receiveBackup(here.context, wish('cut'), input, never)
    expect(row).toMatchObject({ state: 'failed', error: expect.stringContaining('the sender stopped') })
    expect(await objectsOf(row.id)).toBe(0)
  }
})

test('the process that receives it stops: the backup ends, although the sender is silent', async () => {
  const stopping = new AbortController()
  async function* silent(): AsyncGenerator<Uint8Array> {
    yield randomBytes(1000)
    stopping.abort(new Error('This console is stopping.'))
    await new Promise(() => {})
  }
  const input = { kind: 'stream', name: 'data', bytes: silent() } as const
  const row = await receiveBackup(here.context, wish('stopped'), input, stopping.signal)
  expect(row.state).toBe('failed')
  expect(await objectsOf(row.id)).toBe(0)
})

test('a listed size that is not the real one is refused', async () => {
  for (const size of [2, 4]) {
    const form = new FormData()
    form.set('files', JSON.stringify([{ path: 'a', size }]))
    form.append('file', new Blob(['abc']), 'a')
    const response = new Response(form)
    const { source } = await readForm(bytesOf(response.body, never), response.headers.get('content-type') ?? '')
    expect(await receiveBackup(here.context, wish('size'), source, never)).toMatchObject({ state: 'failed' })
  }
})

test('a single file of this machine is a backup of its own; for a page it is not', async () => {
  const folder = path.join(here.folder, 'sources', 'single')
  mkdirSync(folder)
  const source = path.join(folder, 'one.bin')
  writeFileSync(source, randomBytes(5000))
  const id = await startBackup(here.context, { source, name: '' }, 'host', actor)
  await runBackup(here.context, id, never)
  expect(await here.db.backup.findUniqueOrThrow({ where: { id } })).toMatchObject({
    state: 'complete',
    sourceKind: 'file',
    name: 'one.bin',
  })
  expect(readFileSync(path.join(await restored(id), 'one.bin')).equals(readFileSync(source))).toBe(true)
  await expect(startBackup(here.context, { source, name: '' }, 'page', actor)).rejects.toMatchObject({
    code: 'invalid',
  })
})
