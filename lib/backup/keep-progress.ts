import { messageOf } from '#lib/errors.ts'
import { type Counts, nothingYet } from './schema.ts'

const everyMs = 400

/**
 * Writes progress to the row now and then, and notices when the row is not this worker's any more.
 * @param write stores the progress; false when another attempt has taken the row over
 * @returns a signal that aborts when the given one does, or when the claim is lost
 */
export function keepProgress(write: (progress: Counts) => Promise<boolean>, outer: AbortSignal) {
  const lost = new AbortController()
  let latest = nothingYet
  let changed = false
  let writing: Promise<void> | undefined
  const flush = async () => {
    changed = false
    try {
      if (!(await write(latest))) lost.abort(new Error('Another worker has taken this over.'))
    } catch (error) {
      // The work itself will meet the same trouble; a lost progress line is not worth stopping it.
      console.error(JSON.stringify({ level: 'warning', part: 'progress', message: messageOf(error) }))
    }
  }
  const timer = setInterval(() => {
    if (changed && !writing) {
      writing = flush().finally(() => {
        writing = undefined
      })
    }
  }, everyMs)
  return {
    signal: AbortSignal.any([outer, lost.signal]),
    report(progress: Partial<Counts>) {
      latest = { ...latest, ...progress }
      changed = true
    },
    /** After this nothing is written any more. */
    async stop() {
      clearInterval(timer)
      await writing
    },
  }
}
