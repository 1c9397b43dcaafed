import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { followInTurn } from './follow-in-turn.ts'

/** As much of a browser's as is used. */
class Source {
  static readonly CLOSED = 2
  static made: Source[] = []
  readonly url: string
  readyState = 1
  onmessage: ((event: { data: string }) => void) | undefined
  onerror: (() => void) | undefined
  constructor(url: string) {
    this.url = url
    Source.made.push(this)
  }
  close() {
    this.readyState = Source.CLOSED
  }
  static open = () => Source.made.filter(({ readyState }) => readyState === 1).map(({ url }) => url)
  static say = (url: string, data: string) =>
    Source.made.findLast((one) => one.url === url && one.readyState === 1)?.onmessage?.({ data })
}

/** A tab as far as it is asked whether somebody sees it. */
class Tab extends EventTarget {
  visibilityState = 'visible'
  turn(to: 'visible' | 'hidden') {
    this.visibilityState = to
    this.dispatchEvent(new Event('visibilitychange'))
  }
}
let tab: Tab

beforeEach(() => {
  Source.made = []
  tab = new Tab()
  vi.stubGlobal('document', tab)
  vi.stubGlobal('EventSource', Source)
  vi.useFakeTimers()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('eight under way hold two connections, and each is heard again and again', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const heard: string[] = []
  const stops = names.map((name) =>
    followInTurn(
      name,
      (data) => {
        heard.push(data)
        return false
      },
      () => {},
    ),
  )
  for (let round = 0; round < 40; round += 1) {
    expect(Source.open()).toHaveLength(2)
    for (const name of Source.open()) Source.say(name, name)
    vi.advanceTimersByTime(1000)
  }
  for (const name of names) expect(heard.filter((one) => one === name).length, name).toBeGreaterThan(3)
  for (const stop of stops) stop()
  vi.advanceTimersByTime(10_000)
  expect(Source.open()).toEqual([])
})

test('one alone stays open; what has ended or is lost leaves its place to the next', () => {
  const lost = vi.fn()
  const stops = [
    followInTurn('a', (data) => data === 'last', lost),
    followInTurn('b', () => false, lost),
    followInTurn('c', () => false, lost),
  ]
  expect(Source.open()).toEqual(['a', 'b'])
  Source.say('a', 'last')
  expect(Source.open()).toEqual(['b', 'c'])
  Source.say('b', 'more')
  expect(Source.open()).toEqual(['b', 'c'])
  const refused = Source.made.find(({ url }) => url === 'b')
  refused?.close()
  refused?.onerror?.()
  expect(lost).toHaveBeenCalledOnce()
  for (const stop of stops) stop()
  expect(Source.open()).toEqual([])
})

test('a tab that nobody sees holds no connection, so that many tabs leave some; seen again it goes on', () => {
  const stops = ['a', 'b', 'c'].map((name) => followInTurn(name, (data) => data === 'last', vi.fn()))
  tab.turn('hidden')
  vi.advanceTimersByTime(60_000)
  expect(Source.open()).toEqual([])
  tab.turn('visible')
  expect(Source.open()).toEqual(['a', 'b'])
  Source.say('a', 'last')
  expect(Source.open()).toEqual(['b', 'c'])
  // What has ended stays so, and what begins behind a seen tab waits for it.
  tab.turn('hidden')
  stops.push(followInTurn('d', () => false, vi.fn()))
  expect(Source.open()).toEqual([])
  tab.turn('visible')
  expect(Source.open()).toEqual(['b', 'c'])
  for (const stop of stops) stop()
  tab.turn('visible')
  expect(Source.open()).toEqual([])
})
