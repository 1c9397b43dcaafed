import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Follower, follow } from './follow.ts'

/** A window as far as it is asked whether somebody sees it. */
class Window extends EventTarget {
  visibilityState = 'visible'
  turn(to: 'visible' | 'hidden') {
    this.visibilityState = to
    this.dispatchEvent(new Event('visibilitychange'))
  }
}
let page: Window
let asked: string[][]
/** What the console answers with; an Error: not at all. */
let answer: (names: readonly string[]) => Response | Error
const stops: (() => void)[] = []

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const stream = (...values: unknown[]) => new Response(values.map(event).join(''))

beforeEach(() => {
  page = new Window()
  asked = []
  answer = (names) => stream(Object.fromEntries(names.map((name) => [name, name])))
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  vi.stubGlobal('document', page)
  vi.stubGlobal('fetch', async (address: string, { signal }: { signal: AbortSignal }) => {
    const names = new URL(address, 'http://localhost').searchParams.getAll('of')
    asked.push(names)
    const given = answer(names)
    if (given instanceof Error) throw given
    const body = given.body?.pipeThrough(new TransformStream(), { signal })
    return new Response(body, { status: given.status, headers: given.headers })
  })
})
afterEach(async () => {
  for (const stop of stops.splice(0)) stop()
  await vi.advanceTimersByTimeAsync(20_000)
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function watch(name: string, isLast: (value: unknown) => boolean = () => false) {
  const heard: unknown[] = []
  const follower = {
    name,
    told: (value: unknown) => {
      heard.push(value)
      return isLast(value)
    },
    silent: vi.fn(),
    refused: vi.fn(),
  } satisfies Follower<unknown>
  stops.push(follow(follower))
  return { heard, stop: stops.at(-1) ?? (() => {}), silent: follower.silent, refused: follower.refused }
}

test('whatever a window shows is one stream, asked for again a second after its end', async () => {
  const names = ['backup:a', 'backup:b', 'restore:c', 'rewrap:d']
  const watched = names.map((name) => watch(name))
  const { readable, writable } = new TransformStream<string, string>()
  const console = writable.getWriter()
  answer = () => new Response(readable.pipeThrough(new TextEncoderStream()))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([names])
  // However it is cut on its way.
  const text = event({ 'backup:a': 1, 'restore:c': 'ü' }) + event({ 'backup:a': 2 })
  for (const piece of text) await console.write(piece)
  await vi.advanceTimersByTimeAsync(9000)
  expect(asked).toHaveLength(1)
  await console.close()
  await vi.advanceTimersByTimeAsync(999)
  expect(asked).toHaveLength(1)
  answer = () => stream({ 'rewrap:d': 3 })
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(2)
  expect(watched.map(({ heard }) => heard)).toEqual([[1, 2], [], ['ü'], [3]])
})

test('what begins to be followed is told at once, and a stream that falls silent is asked for anew', async () => {
  const open = () => new Response(new ReadableStream({ start: (body) => body.enqueue(Buffer.from(event({}))) }))
  answer = open
  watch('backup:a')
  await vi.advanceTimersByTimeAsync(0)
  watch('backup:b')
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([['backup:a'], ['backup:a', 'backup:b']])
  await vi.advanceTimersByTimeAsync(10_999)
  expect(asked).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(3)
})

test('what has ended is asked for no more, and when nothing is left nothing is', async () => {
  watch('backup:a', (value) => value === null)
  const { stop } = watch('backup:b')
  await vi.advanceTimersByTimeAsync(0)
  answer = () => stream({ 'backup:a': null, 'backup:b': 1 })
  await vi.advanceTimersByTimeAsync(2000)
  expect(asked).toEqual([['backup:a', 'backup:b'], ['backup:a', 'backup:b'], ['backup:b']])
  stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(3)
})

test('a window that nobody sees asks for nothing; seen again, it asks at once', async () => {
  const { heard } = watch('backup:a')
  await vi.advanceTimersByTimeAsync(0)
  page.turn('hidden')
  await vi.advanceTimersByTimeAsync(60_000)
  const before = asked.length
  expect(before).toBeLessThanOrEqual(1)
  watch('backup:b')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(before)
  page.turn('visible')
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.slice(before)).toEqual([['backup:a', 'backup:b']])
  expect(heard).toHaveLength(before + 1)
})

test('a console that does not answer is told from the second time on, with when it last did, until it does again', async () => {
  const { silent, heard } = watch('backup:a')
  await vi.advanceTimersByTimeAsync(0)
  const then = Date.now()
  answer = () => new TypeError('network')
  await vi.advanceTimersByTimeAsync(1000)
  expect(silent).toHaveBeenLastCalledWith(undefined)
  answer = () => new Response('Internal Server Error', { status: 500 })
  await vi.advanceTimersByTimeAsync(1000)
  expect(silent).toHaveBeenLastCalledWith(then)
  answer = () => stream({ 'backup:a': 'again' })
  await vi.advanceTimersByTimeAsync(1000)
  expect(silent).toHaveBeenLastCalledWith(undefined)
  expect(heard).toEqual(['backup:a', 'again'])
})

test('a console that is sealed is no console that is away, and nobody asks for more than it takes', async () => {
  const watched = Array.from({ length: 101 }, (_, index) => watch(`backup:${index}`, () => true))
  answer = () => Response.json({ message: 'Sealed.' }, { status: 503 })
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.at(-1)).toHaveLength(100)
  for (const { refused } of watched) expect(refused).toHaveBeenCalledOnce()
  answer = (names) => stream(Object.fromEntries(names.map((name) => [name, 1])))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(watched.map(({ heard }) => heard).every((heard) => heard.length === 1)).toBe(true)
})

test('who is signed out is told, and asks less often', async () => {
  const { refused, heard } = watch('backup:a')
  answer = () => new Response('{}', { status: 401 })
  await vi.advanceTimersByTimeAsync(0)
  expect(refused).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(2999)
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(2)
  expect(heard).toEqual([])
})
