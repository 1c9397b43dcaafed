// What is under way is followed by server-sent events: everything that a window shows in one stream, and nothing by a
// window that nobody sees. A stream ends after some seconds and is asked for again (app/_lib/event-stream.ts tells why).
// Read by `fetch`: an EventSource does not tell whether the console is away or the session has ended.
const pauseMs = 1000
/** After which a stream that says nothing counts as lost, and its connection is free for others. */
const patienceMs = 10_000

/** As the console takes them. When some of these have ended, others get their turn. */
const mostNames = 100

export interface Follower<T> {
  /** `backup:ID`, `restore:ID`, `verification:ID` or `rewrap:ID`. */
  readonly name: string
  /** How it is now; null: it is gone. Returns whether that was the last. */
  told(value: T | null): boolean
  /** Of when, in milliseconds since 1970, the last answer is, while the console gives none; undefined: it does. */
  silent(lastAnswer: number | undefined): void
  /** Who looks is not signed in any more, or may not look; or the console is sealed. */
  refused(): void
}

const followers = new Set<Follower<unknown>>()
let timer: ReturnType<typeof setTimeout> | undefined
let stream: AbortController | undefined
let answeredAt = 0
let failures = 0

/** Tells how something is until it has ended, as long as the window is seen. Returns what ends it before. */
export function follow<T>(follower: Follower<T>): () => void {
  if (followers.size === 0) {
    document.addEventListener('visibilitychange', begin)
    answeredAt = Date.now()
    failures = 0
  }
  followers.add(follower)
  begin()
  return () => leave(follower)
}

function leave(follower: Follower<unknown>): void {
  if (!followers.delete(follower) || followers.size > 0) return
  end()
  document.removeEventListener('visibilitychange', begin)
}

function end(): void {
  clearTimeout(timer)
  stream?.abort()
  stream = undefined
}

/** As soon as all that a page shows has begun to follow. Seen again, a window is told at once how things stand. */
function begin(): void {
  end()
  if (document.visibilityState === 'visible') timer = setTimeout(followOn)
}

async function followOn(): Promise<void> {
  const mine = new AbortController()
  stream = mine
  const outcome = await tellAll(mine)
  // Another has begun meanwhile, or nothing is left.
  if (stream !== mine) return
  failures = outcome === 'lost' ? failures + 1 : 0
  // Once may be an accident, and a restart of the console takes longer.
  for (const follower of [...followers]) {
    if (outcome === 'refused') follower.refused()
    else if (failures > 1) follower.silent(answeredAt)
  }
  if (stream === mine) timer = setTimeout(followOn, outcome === 'refused' ? 3 * pauseMs : pauseMs)
}

/** @returns how the stream ended: as it should, because whoever looks may not, or by no or no good answer */
async function tellAll(mine: AbortController): Promise<'ended' | 'refused' | 'lost'> {
  const names = [...new Set([...followers].map(({ name }) => name))].slice(0, mostNames)
  const wish = new URLSearchParams(names.map((name) => ['of', name]))
  let patience: ReturnType<typeof setTimeout> | undefined
  const wait = () => {
    clearTimeout(patience)
    patience = setTimeout(() => mine.abort(), patienceMs)
  }
  let heard = false
  try {
    wait()
    const answer = await fetch(`/api/progress?${wish}`, { signal: mine.signal })
    if (answer.status === 401 || answer.status === 403 || isSealed(answer)) return 'refused'
    if (!answer.ok || !answer.body) return 'lost'
    for await (const data of eventsIn(answer.body)) {
      if (mine.signal.aborted) break
      wait()
      heard = true
      tell(JSON.parse(data))
    }
    return heard ? 'ended' : 'lost'
  } catch {
    return 'lost'
  } finally {
    clearTimeout(patience)
    mine.abort()
  }
}

/** As the console itself says. A proxy before it says 503 when the console is away. */
const isSealed = ({ status, headers }: Response) =>
  status === 503 && headers.get('content-type')?.startsWith('application/json') === true

function tell(found: Readonly<Record<string, unknown>>): void {
  answeredAt = Date.now()
  failures = 0
  for (const follower of [...followers]) {
    follower.silent(undefined)
    // What began to be followed meanwhile is not in it.
    if (follower.name in found && follower.told(found[follower.name])) leave(follower)
  }
}

/** What a stream of server-sent events says: https://html.spec.whatwg.org/multipage/server-sent-events.html, of which the console sends `data:` in one line. */
async function* eventsIn(body: ReadableStream<BufferSource>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const events = (text + value).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) if (event.startsWith('data: ')) yield event.slice('data: '.length)
  }
}
