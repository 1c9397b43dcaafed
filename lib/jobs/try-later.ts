const firstMs = 5_000
const longestMs = 5 * 60_000
/** With waits of up to five minutes: about a day. */
const mostTries = 300

/**
 * When to try again after `tries` failures in a row; undefined when it has been tried long enough.
 * @param now the database's: by a clock of this machine that is ahead, nobody would try for as long
 * @param random from 0 to 1, so that many that failed together do not come back together
 */
export function tryLater(tries: number, now: Date, random = Math.random()): Date | undefined {
  if (tries > mostTries) return undefined
  const wait = Math.min(longestMs, firstMs * 2 ** Math.max(0, tries - 1))
  return new Date(now.getTime() + wait * (0.5 + random / 2))
}
