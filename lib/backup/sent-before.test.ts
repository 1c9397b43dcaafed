import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { actor } from './console-for-tests.ts'
import { receiveOnce } from './receive-backup.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'
import type { SentOnce } from './sent-before.ts'

const here = sandboxConsole()
const never = new AbortController().signal
beforeAll(() => here.save({ masterKey: here.key('backups') }))

const bytes = randomBytes(1000)
let keys = 0
/** A request that nobody has sent before. */
function anew(changes: Partial<SentOnce> = {}): SentOnce {
  keys += 1
  return { sender: 'somebody', key: `key ${keys}`, of: ['file', 'dump', 'dump.sql'], size: bytes.length, ...changes }
}
async function* whole() {
  yield bytes
}
// biome-ignore lint/correctness/useYield: its sender goes away before the first byte
async function* lost(): AsyncGenerator<Uint8Array> {
  throw new Error('The sender stopped.')
}
async function* unread(): AsyncGenerator<Uint8Array> {
  yield bytes
  throw new Error('This was answered without its bytes.')
}
function send(once: SentOnce, coming: AsyncIterable<Uint8Array> = whole(), onStart?: (id: string) => void) {
  const received = { name: 'dump', from: 'Upload of dump.sql', actor, ...(onStart && { onStart }) }
  return receiveOnce(here.context, received, once, { kind: 'stream', name: 'dump.sql', bytes: coming }, never)
}
async function made(once: SentOnce): Promise<string> {
  const row = await send(once)
  if ('otherUse' in row || row.state !== 'complete') throw new Error(JSON.stringify(row))
  return row.id
}

test('a complete one is answered with again, unread; whose key it is and what was sent decide', async () => {
  const once = anew()
  const id = await made(once)
  const count = await here.db.backup.count()
  for (const size of [bytes.length, undefined])
    expect(await send({ ...once, size }, unread())).toMatchObject({
      id,
      state: 'complete',
      bytes: bytes.length,
      replayed: true,
    })
  const other = { otherUse: expect.stringContaining(id) }
  expect(await send({ ...once, of: ['file', 'dump', 'other.sql'] }, unread())).toEqual(other)
  expect(await send({ ...once, size: bytes.length + 1 }, unread())).toEqual(other)
  expect(await here.db.backup.count()).toBe(count)
  expect(await made({ ...once, sender: 'somebody else' })).not.toBe(id)
  expect(await made({ ...once, key: `${once.key}.` })).not.toBe(id)
})

test('while it is under way nothing is begun: neither in the middle nor at the very same moment', async () => {
  const once = anew()
  const { promise: end, resolve: goOn } = Promise.withResolvers<void>()
  const started = Promise.withResolvers<string>()
  async function* held() {
    yield bytes
    await end
  }
  const first = send(once, held(), started.resolve)
  const id = await started.promise
  await expect(send(once, unread())).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(id) })
  goOn()
  expect(await first).toMatchObject({ id, state: 'complete', replayed: false })
  expect(await send(once, unread())).toMatchObject({ id, replayed: true })

  const before = await here.db.backup.count()
  const twin = anew()
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => send(twin)))
  expect(await here.db.backup.count()).toBe(before + 1)
  for (const answer of answers)
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'conflict' })
    else expect(answer.value).toMatchObject({ state: 'complete' })
})

test('one that failed, was cancelled, or is being deleted lets the next try through, under any name', async () => {
  const once = anew()
  const failed = await send(once, lost())
  expect(failed).toMatchObject({ state: 'failed' })
  const second = await made({ ...once, of: ['file', 'another', 'dump.sql'] })
  for (const state of ['cancelled', 'deleting', 'shredded'] as const) {
    const id = await made(anew({ key: `of ${state}` }))
    await here.db.backup.update({ where: { id }, data: { state } })
    expect(await made(anew({ key: `of ${state}` }))).not.toBe(id)
  }
  expect(await send({ ...once, of: ['file', 'another', 'dump.sql'] }, unread())).toMatchObject({ id: second })
})

test('after twelve hours the same key is a new upload', async () => {
  const once = anew()
  const id = await made(once)
  const ended = (hours: number) =>
    here.db.backup.update({ where: { id }, data: { finishedAt: new Date(Date.now() - hours * 3_600_000) } })
  await ended(11.9)
  expect(await send(once, unread())).toMatchObject({ id })
  await ended(12.1)
  const next = await made(once)
  expect(next).not.toBe(id)
  expect(await send(once, unread())).toMatchObject({ id: next })
})
