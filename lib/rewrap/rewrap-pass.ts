import type { BackupContext } from '#lib/backup/backup-context.ts'
import type { SharedReaches } from '#lib/backup/shared-reaches.ts'
import type { Tx } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import { LostClaim } from '#lib/jobs/attempt.ts'
import { concerned } from './concerned-backups.ts'
import { exchangeKeys } from './exchange-keys.ts'
import type { Pace } from './pace.ts'
import { isThrottled, PassKeys } from './pass-keys.ts'
import { rowsInTurn } from './rows-in-turn.ts'
import type { RewrapWish } from './schema.ts'
import { kindOf, Setbacks } from './setbacks.ts'

// 1. Ask the new key once, before the first backup and again when one fails on it: 10,000 need not meet the same refusal.
// 2. Exchange the keys of the backups that are left, several at a time. One that fails is listed, or left for a next try.
// 3. Look again, until there is none that this pass has not met: some were complete only after their turn had passed.

const AT_ONCE = 8
const PAGE = 200
const triesOfOne = 8
/** Deleted, or changed by somebody else, at the same moment: the row says what is left to do. */
const triesOfChanged = 3

/** How a pass over the backups ended. */
export type PassEnd =
  | { readonly kind: 'complete' }
  /** Some of it cannot be reached now. */
  | { readonly kind: 'waiting'; readonly trouble: 'key' | 'bucket'; readonly error: AppError }
  /** The new key refuses: going on would only fail again. */
  | { readonly kind: 'paused'; readonly error: AppError }

export interface Pass {
  readonly wish: RewrapWish
  readonly reaches: SharedReaches
  readonly pace: Pace
  readonly signal: AbortSignal
  /** Backups that were listed as failures already. */
  readonly listed: Set<string>
  /** How many there are to do, from now on. */
  begin(left: number): Promise<void>
  /** In the transaction in which a backup's keys are exchanged. Throws LostClaim when the run is another's by now. */
  count(tx: Tx, result: 'exchanged' | 'gone'): Promise<void>
  /** A backup that could not be done. */
  list(backup: { readonly id: string; readonly name: string }, cause: string, fix: string | undefined): Promise<void>
}

interface Candidate {
  readonly id: string
  readonly name: string
  readonly environmentId: string
  readonly revision: number
  readonly region: string
  readonly keyIds: readonly string[]
}

/**
 * Exchanges the keys of every backup that the wish concerns, several at a time, until none is left.
 * @throws what the database throws, what `count` throws, and `signal.reason`
 */
export async function passOver(context: BackupContext, pass: Pass): Promise<PassEnd> {
  return new RewrapPass(context, pass).run()
}

class RewrapPass {
  readonly #context: BackupContext
  readonly #pass: Pass
  readonly #stopped = new AbortController()
  readonly #signal: AbortSignal
  readonly #keys: PassKeys
  readonly #setbacks = new Setbacks()
  /** Backups that there is nothing to do for any more. */
  readonly #gone = new Set<string>()
  #paused: PassEnd | undefined
  /** The newest of what could not be reached. */
  #waiting: PassEnd | undefined
  #broken: { readonly error: unknown } | undefined

  constructor(context: BackupContext, pass: Pass) {
    this.#context = context
    this.#pass = pass
    this.#signal = AbortSignal.any([pass.signal, this.#stopped.signal])
    this.#keys = new PassKeys(context, pass.reaches, pass.pace, this.#signal)
  }

  async run(): Promise<PassEnd> {
    await this.#keys.open(this.#pass.wish.to)
    const error = await this.#keys.refusalOfNew()
    if (error) return error.retryable ? { kind: 'waiting', trouble: 'key', error } : { kind: 'paused', error }
    for (;;) {
      const met = await this.#round()
      this.#pass.signal.throwIfAborted()
      if (this.#paused) return this.#paused
      if (this.#broken) throw this.#broken.error
      if (this.#waiting) return this.#waiting
      const untried = this.#setbacks.whyUntried()
      if (untried) return { kind: 'paused', error: untried }
      if (met === 0) return { kind: 'complete' }
    }
  }

  /** @returns how many backups it met that no round had done or listed */
  async #round(): Promise<number> {
    const { db } = this.#context
    const { wish, listed } = this.#pass
    const where = await concerned(db, wish)
    // Some of those listed may have been deleted since: good enough for “of how many”.
    await this.#pass.begin(Math.max(0, (await db.backup.count({ where })) - listed.size))
    const next = rowsInTurn(async (after) =>
      db.backup.findMany({
        where: { ...where, ...(after && { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: PAGE,
        select: { id: true, name: true, environmentId: true, revision: true, region: true, keyIds: true },
      }),
    )
    let met = 0
    const workers = Array.from({ length: AT_ONCE }, async () => {
      try {
        for (let backup = await next(); backup && !this.#signal.aborted; backup = await next()) {
          if (listed.has(backup.id) || this.#gone.has(backup.id)) continue
          met += 1
          await this.#handle(backup)
        }
      } catch (error) {
        this.#broken ??= { error }
        this.#stopped.abort()
      }
    })
    await Promise.all(workers)
    return met
  }

  async #handle(backup: Candidate): Promise<void> {
    const kind = kindOf(backup)
    if (this.#setbacks.leavesOut(kind)) return
    try {
      await this.#exchange(backup.id)
      this.#setbacks.succeeded(kind)
    } catch (error) {
      if (this.#signal.aborted) throw error
      if (error instanceof AppError) return this.#note(backup, kind, error)
      if (isDatabaseError(error) || error instanceof LostClaim) throw error
      console.error(error)
      await this.#pass.list(backup, messageOf(error), undefined)
    }
  }

  async #exchange(id: string): Promise<void> {
    const { wish } = this.#pass
    const change = { from: wish.mode === 'add' ? undefined : (wish.from ?? undefined), to: wish.to ?? undefined }
    const { connect, newKey } = this.#keys
    const means = { connect, newKey, record: (tx: Tx) => this.#pass.count(tx, 'exchanged') }
    for (let tried = 1; ; tried += 1) {
      this.#signal.throwIfAborted()
      try {
        if ((await exchangeKeys(this.#context, id, change, means)) === 'nothing to do') {
          this.#gone.add(id)
          await this.#pass.count(this.#context.db, 'gone')
        }
        return
      } catch (error) {
        if (this.#signal.aborted || !(error instanceof AppError) || !this.#mayTryAgain(error, tried)) throw error
      }
    }
  }

  #mayTryAgain(error: AppError, tried: number): boolean {
    if ((error.code === 'conflict' || error.code === 'not-found') && tried < triesOfChanged) return true
    if (!isThrottled(error) || tried >= triesOfOne) return false
    this.#pass.pace.slowDown()
    return true
  }

  /** What is said of a backup whose keys could not be exchanged, and what that says of the next ones. */
  async #note(backup: Candidate, kind: string, error: AppError): Promise<void> {
    if (error.retryable) {
      this.#waiting = { kind: 'waiting', trouble: this.#keys.isOfAKey(error) ? 'key' : 'bucket', error }
      this.#setbacks.unreachable(kind)
      return
    }
    if (this.#keys.isOfTheNewKey(error)) {
      const often = this.#setbacks.refusedByNewKey()
      const again = await this.#keys.refusalOfNew()
      if (again && !again.retryable) return this.#pause(again)
      if (often) return this.#pause(error)
    } else if (this.#keys.isOfAKey(error) || this.#pass.wish.mode !== 'remove') {
      // What is wrong with one envelope says nothing of the next.
      if (error.code !== 'integrity' && error.code !== 'not-found') this.#setbacks.refused(kind, error)
    }
    await this.#pass.list(backup, error.message, error.fix)
  }

  #pause(error: AppError): void {
    this.#paused ??= { kind: 'paused', error }
    this.#stopped.abort()
  }
}
