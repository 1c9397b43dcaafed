// How fast something under way is, and how long it still takes: for pages and the command line alike.

/** How much was done when. */
export interface Seen {
  /** Milliseconds on any clock that only runs forward. */
  readonly at: number
  readonly done: number
}

/** What was seen of it since it goes on without a break. */
export interface Course {
  readonly since: number
  /** The newest. */
  readonly seen: readonly Seen[]
}

/** What this attempt does itself, and is as fast as it is: what an earlier one had finished is there within a moment. */
export function ownWork(counts: {
  readonly bytesDone: number
  readonly bytesTaken: number
  readonly bytesTotal: number | null
}): { done: number; total: number | null } {
  const { bytesDone, bytesTaken, bytesTotal } = counts
  return { done: bytesDone - bytesTaken, total: bytesTotal === null ? null : bytesTotal - bytesTaken }
}

const window = 10_000
/** Over a slow line the count moves in steps, each of a segment, that are minutes apart. */
const longestWindow = 300_000
const stepsSeen = 8
/**
 * No more is foretold than so many times what was seen. What comes first is often slow and says nothing of the rest, such
 * as the list of files, which a full verification reads before any data.
 */
const foretold = 300

/**
 * Keeps the last ten seconds, so that the rate follows what happens now, or as long as a few steps take. A count that falls
 * back is a new attempt.
 * @param moves whether it is at work: the time that it waits says nothing of how fast it is
 */
export function follow(course: Course | undefined, now: Seen, moves = true): Course | undefined {
  if (!moves) return undefined
  const last = course?.seen.at(-1)
  if (!course || !last || now.done < last.done) return { since: now.at, seen: [now] }
  const known = [...course.seen.filter((old) => now.at - old.at <= longestWindow), now]
  let first = known.findIndex((old) => now.at - old.at <= window)
  const isStep = (index: number) => known[index]?.done !== known[index - 1]?.done
  let steps = 0
  for (let index = first + 1; index < known.length; index += 1) if (isStep(index)) steps += 1
  for (; first > 0 && steps < stepsSeen; first -= 1) if (isStep(first)) steps += 1
  return { since: course.since, seen: known.slice(first) }
}

/** A second; undefined until one has been seen. */
export function rateOf(course: Course | undefined): number | undefined {
  const first = course?.seen[0]
  const last = course?.seen.at(-1)
  if (!first || !last || last.at - first.at < 1000) return undefined
  return ((last.done - first.done) / (last.at - first.at)) * 1000
}

/** Milliseconds, at least a second; undefined as long as nobody can tell, and where there is more than was counted. */
export function timeLeft(course: Course | undefined, total: number | null): number | undefined {
  const rate = rateOf(course)
  const last = course?.seen.at(-1)
  if (!course || !last || !rate || total === null || last.done >= total) return undefined
  const left = ((total - last.done) / rate) * 1000
  return left > (last.at - course.since) * foretold ? undefined : Math.max(1000, left)
}
