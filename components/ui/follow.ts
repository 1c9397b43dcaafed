// What is under way is asked for again and again: everything that a window shows in one request, and nothing by a window
// that nobody sees. Over HTTP/1.1 a browser keeps six connections to one console for all its windows, and an event stream
// would hold one of them for as long as it is open: with a few windows no link and no button would be answered any more.
const everyMs = 1000
/** After which a request counts as not answered, and its connection is free for others. */
const patienceMs = 10_000

export interface Follower<T> {
  /** `backup:ID`, `restore:ID`, `verification:ID` or `rewrap:ID`. */
  readonly name: string
  /** How it is now; null: it is gone. Returns whether that was the last. */
  told(value: T | null): boolean
  /** Of when, in milliseconds since 1970, the last answer is, while the console gives none; undefined: it does. */
  silent(lastAnswer: number | undefined): void
  /** Who looks is not signed in any more, or may not look. */
  refused(): void
}

const followers = new Set<Follower<unknown>>()
let timer: ReturnType<typeof setTimeout> | undefined
let asking = false
let answeredAt = 0
let failures = 0

/** Tells how something is until it has ended, as long as the window is seen. Returns what ends it before. */
export function follow<T>(follower: Follower<T>): () => void {
  if (followers.size === 0) {
    document.addEventListener('visibilitychange', askAtOnce)
    answeredAt = Date.now()
    failures = 0
  }
  followers.add(follower)
  askAtOnce()
  return () => leave(follower)
}

function leave(follower: Follower<unknown>): void {
  followers.delete(follower)
  if (followers.size > 0) return
  clearTimeout(timer)
  document.removeEventListener('visibilitychange', askAtOnce)
}

/** As soon as all that a page shows has begun to follow. Seen again, a window is told at once how things stand. */
function askAtOnce(): void {
  clearTimeout(timer)
  if (!asking && followers.size > 0 && document.visibilityState === 'visible') timer = setTimeout(ask)
}

async function ask(): Promise<void> {
  asking = true
  const found = await answerTo(new Set([...followers].map(({ name }) => name)))
  asking = false
  failures = found === undefined ? failures + 1 : 0
  if (found !== undefined) answeredAt = Date.now()
  // Once may be an accident, and a restart of the console takes longer.
  const lastAnswer = failures > 1 ? answeredAt : undefined
  for (const follower of [...followers]) {
    follower.silent(lastAnswer)
    if (found === 'refused') follower.refused()
    // What began to be followed meanwhile is not in it.
    else if (found && follower.name in found && follower.told(found[follower.name])) leave(follower)
  }
  if (followers.size > 0 && document.visibilityState === 'visible')
    timer = setTimeout(ask, found === 'refused' ? 3 * everyMs : everyMs)
}

/** Undefined: there was no answer, or none that could be used. */
async function answerTo(
  names: ReadonlySet<string>,
): Promise<Readonly<Record<string, unknown>> | 'refused' | undefined> {
  const wish = new URLSearchParams([...names].map((name) => ['of', name]))
  try {
    const answer = await fetch(`/api/progress?${wish}`, { signal: AbortSignal.timeout(patienceMs) })
    if (answer.ok) return await answer.json()
    return answer.status === 401 || answer.status === 403 ? 'refused' : undefined
  } catch {
    return undefined
  }
}
