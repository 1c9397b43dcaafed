import { type Db, databaseTime, type Tx } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import { type AttemptRow, Cancelled, LostClaim } from './attempt.ts'
import { enqueue, type Jobs, type Queue } from './queue.ts'
import { tryLater } from './try-later.ts'

interface FailedAttempt extends AttemptRow {
  /** Of the attempt. */
  readonly signal: AbortSignal
  /** Whether the work can be done once more. */
  readonly again: boolean
  /** Leaves the row to a next try, if there is to be one. Absent: it does not wait for what cannot be reached. */
  readonly wait?: (error: AppError) => Promise<boolean>
  readonly fail: (error: string) => Promise<void>
  /** Absent: nobody can cancel it. */
  readonly cancel?: () => Promise<void>
}

/**
 * What becomes of a row whose attempt threw: it is another attempt's, it was cancelled, it waits, or it ends as failed.
 * @throws what was thrown, when the job is to be done again: this worker is stopping, or the database refuses
 */
export async function afterFailure(thrown: unknown, attempt: FailedAttempt): Promise<void> {
  const end = () => endAttempt(thrown, attempt)
  return attempt.again ? orAgain(attempt, end) : end()
}

/**
 * What the database refuses to take of an attempt, or of its end, is logged here, because nobody reads what the queue
 * keeps of the error.
 * @throws what `work` throws: where that is the database’s, the job is done again
 */
export async function orAgain<T>({ part, id }: AttemptRow, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isDatabaseError(error)) log('error', part, `It begins again: ${messageOf(error)}`, { [part]: id })
    throw error
  }
}

async function endAttempt(thrown: unknown, attempt: FailedAttempt): Promise<void> {
  const { signal, again, wait, fail, cancel } = attempt
  // Whoever has it now has a job of its own: with this one given back, two would take it from each other in turns.
  if (thrown instanceof LostClaim || signal.reason instanceof LostClaim) return
  if (cancel && (thrown instanceof Cancelled || signal.reason instanceof Cancelled)) return cancel()
  if (again) {
    if (isDatabaseError(thrown) || signal.aborted) throw thrown
    if (wait && thrown instanceof AppError && thrown.retryable && (await wait(thrown))) return
  }
  // Logged first, because writing to the row may fail.
  if (!(thrown instanceof AppError)) console.error(thrown)
  await fail(messageOf(thrown))
}

interface TriedAgain {
  readonly id: string
  readonly host?: string
  /** Failures in a row, this one among them. */
  readonly tries: number
}

/**
 * The row waits, and no worker with it: its next try is a job of the same transaction.
 * @param wait writes that down where the row is still this attempt's and nobody cancelled it
 * @returns false: it was not, or it has been tried long enough
 */
export async function waitForNextTry(
  { db, jobs }: { readonly db: Db; readonly jobs: Jobs },
  queue: Queue,
  { id, host = '', tries }: TriedAgain,
  wait: (tx: Tx, data: { state: 'waiting'; nextTryAt: Date; tries: number }) => Promise<{ count: number }>,
): Promise<boolean> {
  const nextTryAt = tryLater(tries, await databaseTime(db))
  if (!nextTryAt) return false
  return db.$transaction(async (tx) => {
    const { count } = await wait(tx, { state: 'waiting', nextTryAt, tries })
    if (count === 1) await enqueue(jobs, tx, queue, id, { host, startAfter: nextTryAt })
    return count === 1
  })
}

/** What becomes of rows that end without being complete. */
interface Ending {
  readonly state: 'failed' | 'cancelled'
  readonly error: string | null
  readonly finishedAt: Date
  readonly tries: 0
  readonly nextTryAt: null
}

/**
 * Rows that end without being complete: as failed, or as cancelled where somebody has asked for that meanwhile.
 * @param error null: all were cancelled
 * @param end does so with those that are under way and are `which`
 * @param record writes the audit row of each
 */
export async function endIncomplete<Row>(
  tx: Tx,
  error: string | null,
  end: (which: { readonly cancelRequested?: boolean }, data: Ending) => Promise<readonly Row[]>,
  record: (row: Row, state: Ending['state']) => Promise<void>,
): Promise<readonly Row[]> {
  const ended = { finishedAt: await databaseTime(tx), tries: 0, nextTryAt: null } as const
  const failed = error === null ? [] : await end({ cancelRequested: false }, { ...ended, state: 'failed', error })
  // One that has come under way since the statement before is another attempt's, and nobody has cancelled it.
  const cancelled = await end(error === null ? {} : { cancelRequested: true }, {
    ...ended,
    state: 'cancelled',
    error: null,
  })
  for (const row of failed) await record(row, 'failed')
  for (const row of cancelled) await record(row, 'cancelled')
  return [...failed, ...cancelled]
}
