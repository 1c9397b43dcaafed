import { randomBytes, randomUUID } from 'node:crypto'
import { faultOf } from '#lib/aws/fault.ts'
import type { BackupContext, Connection } from '#lib/backup/backup-context.ts'
import type { Tx } from '#lib/db.ts'
import { AppError, isDatabaseError, messageOf } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { concerned } from './concerned-backups.ts'
import { exchangeKeys } from './exchange-keys.ts'
import type { Pace } from './pace.ts'
import { isOwnName, type RewrapWish } from './schema.ts'
import type { SharedReaches } from './shared-reaches.ts'

const AT_ONCE = 8
const PAGE = 200
/** Of one kind of backup without a success: the others of its kind wait for the next try. */
const unreachableInARow = 8
/** Refusals alike, without a success in between: nobody needs thousands of the same line. */
const refusedInARow = 20
const triesOfOne = 8

/** What `count` throws when the run is another's by now. */
export class Lost extends Error {}

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
  /** In the transaction in which a backup's keys are exchanged. Throws when the run is another's by now. */
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
  const { db } = context
  const { wish, reaches, pace, listed } = pass
  const stopped = new AbortController()
  const signal = AbortSignal.any([pass.signal, stopped.signal])
  let end: PassEnd | undefined
  let broken: { readonly error: unknown } | undefined
  let trouble: { readonly kind: 'key' | 'bucket'; readonly error: AppError } | undefined
  const stop = (how: PassEnd) => {
    end ??= how
    stopped.abort()
  }

  const ofKeys = new WeakSet<object>()
  const ofNewKey = new WeakSet<object>()
  const mark = <T>(work: Promise<T>, ...sets: readonly WeakSet<object>[]) =>
    work.catch((error: unknown) => {
      if (error instanceof Error) for (const set of sets) set.add(error)
      throw error
    })
  /** Counts as calls of KMS, and says of what fails that it was the key. */
  const paced = (wrapper: KeyWrapper, ...sets: readonly WeakSet<object>[]): KeyWrapper => ({
    wrap: (key, bound) => pace.take(signal).then(() => mark(wrapper.wrap(key, bound), ofKeys, ...sets)),
    unwrap: (wrapped, bound) => pace.take(signal).then(() => mark(wrapper.unwrap(wrapped, bound), ofKeys, ...sets)),
  })
  const wrapperOf = (connection: Connection, keyId: string, ...sets: readonly WeakSet<object>[]) =>
    isOwnName(keyId) ? context.seal : paced(connection.keyWrapper(keyId), ...sets)

  const { to } = wish
  const inForce = to === null || isOwnName(to) ? undefined : await reaches.inForce()
  const ownKey = inForce && to !== null ? wrapperOf(inForce, to) : undefined
  /** Wraps with the credentials in force, and proves with those that a restore of this backup will use. */
  const newKey = (connection: Connection, keyId: string): KeyWrapper => {
    if (isOwnName(keyId) || !inForce) return context.seal
    return {
      wrap: wrapperOf(inForce, keyId, ofNewKey).wrap,
      unwrap: wrapperOf(connection, keyId, ofNewKey).unwrap,
    }
  }
  const connect: SharedReaches['connect'] = async (backup) => {
    const connection = await reaches.connect(backup)
    return { ...connection, keyWrapper: (keyId) => wrapperOf(connection, keyId) }
  }

  // Before the first backup, and again when one fails on it: 10,000 need not meet the same refusal.
  if (ownKey) {
    const error = await refusalOf(ownKey, context.installation)
    if (error) return error.retryable ? { kind: 'waiting', trouble: 'key', error } : { kind: 'paused', error }
  }
  let proving: Promise<AppError | undefined> | undefined
  const proveAgain = (wrapper: KeyWrapper) => {
    proving ??= refusalOf(wrapper, context.installation).finally(() => {
      proving = undefined
    })
    return proving
  }

  const ofAKey = (error: AppError) => partsOf(error).some((part) => ofKeys.has(part))
  const gone = new Set<string>()
  const unreachable = new Map<string, number>()
  /** By kind of backup: how often in a row it was refused, with what, and how many more were not tried then. */
  const refusals = new Map<string, { count: number; error: AppError; untried: number }>()
  let refusedByNew = 0

  async function handle(backup: Candidate): Promise<void> {
    const kind = `${backup.environmentId} ${backup.revision} ${backup.region} ${backup.keyIds.join(' ')}`
    if ((unreachable.get(kind) ?? 0) >= unreachableInARow) return
    const refused = refusals.get(kind)
    if (refused && refused.count >= refusedInARow) {
      refused.untried += 1
      return
    }
    for (let tried = 1; ; tried += 1) {
      signal.throwIfAborted()
      try {
        const change = { from: wish.mode === 'add' ? undefined : (wish.from ?? undefined), to: to ?? undefined }
        const means = { connect, newKey, record: (tx: Tx) => pass.count(tx, 'exchanged') }
        if ((await exchangeKeys(context, backup.id, change, means)) === 'nothing to do') {
          gone.add(backup.id)
          await pass.count(db, 'gone')
        }
        unreachable.delete(kind)
        refusals.delete(kind)
        refusedByNew = 0
        return
      } catch (error) {
        if (signal.aborted) throw error
        if (!(error instanceof AppError)) {
          if (isDatabaseError(error) || error instanceof Lost) throw error
          console.error(error)
          return pass.list(backup, messageOf(error), undefined)
        }
        // Deleted, or changed by somebody else, at the same moment: the row says what is left to do.
        if ((error.code === 'conflict' || error.code === 'not-found') && tried < 3) continue
        if (isThrottled(error) && tried < triesOfOne) {
          pace.slowDown()
          continue
        }
        if (error.retryable) {
          trouble = { kind: ofAKey(error) ? 'key' : 'bucket', error }
          unreachable.set(kind, (unreachable.get(kind) ?? 0) + 1)
          return
        }
        if (ofNewKey.has(error)) {
          refusedByNew += 1
          const again = ownKey && (await proveAgain(ownKey))
          if (again && !again.retryable) return stop({ kind: 'paused', error: again })
          if (refusedByNew >= refusedInARow) return stop({ kind: 'paused', error })
        } else if (ofAKey(error) || wish.mode !== 'remove') {
          const { count = 0, untried = 0 } = refusals.get(kind) ?? {}
          // What is wrong with one envelope says nothing of the next.
          if (error.code !== 'integrity' && error.code !== 'not-found')
            refusals.set(kind, { count: count + 1, error, untried })
        }
        return pass.list(backup, error.message, error.fix)
      }
    }
  }

  for (;;) {
    const where = await concerned(db, wish)
    // Some of those listed may have been deleted since: good enough for “of how many”.
    await pass.begin(Math.max(0, (await db.backup.count({ where })) - listed.size))
    let met = 0
    const next = pages(async (after) =>
      db.backup.findMany({
        where: { ...where, ...(after && { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: PAGE,
        select: { id: true, name: true, environmentId: true, revision: true, region: true, keyIds: true },
      }),
    )
    const workers = Array.from({ length: AT_ONCE }, async () => {
      try {
        for (let backup = await next(); backup && !signal.aborted; backup = await next()) {
          if (listed.has(backup.id) || gone.has(backup.id)) continue
          met += 1
          await handle(backup)
        }
      } catch (error) {
        broken ??= { error }
        stopped.abort()
      }
    })
    await Promise.all(workers)
    pass.signal.throwIfAborted()
    if (end) return end
    if (broken) throw broken.error
    if (trouble) return { kind: 'waiting', trouble: trouble.kind, error: trouble.error }
    const [alike] = [...refusals.values()].filter(({ untried }) => untried > 0)
    if (alike) {
      const message = `${alike.count} backups in a row were refused alike, so ${alike.untried} more of their kind were not tried. ${alike.error.message}`
      const error = new AppError(alike.error.code, message, { cause: alike.error, ...fixOf(alike.error) })
      return { kind: 'paused', error }
    }
    // Backups that were complete only after their turn had passed are met by another round.
    if (met === 0) break
  }
  return { kind: 'complete' }
}

const fixOf = ({ fix }: AppError) => (fix === undefined ? {} : { fix })

/** One at a time to whoever asks, a page of them loaded when needed. */
function pages<T extends { readonly id: string }>(
  load: (after: string) => Promise<readonly T[]>,
): () => Promise<T | undefined> {
  let rows: readonly T[] = []
  let at = 0
  let after = ''
  let over = false
  let loading: Promise<void> | undefined
  const more = async () => {
    rows = await load(after)
    at = 0
    after = rows.at(-1)?.id ?? after
    over = rows.length === 0
  }
  return async () => {
    for (;;) {
      if (loading) await loading
      else if (at < rows.length) {
        at += 1
        return rows[at - 1]
      } else if (over) return undefined
      else
        loading = more().finally(() => {
          loading = undefined
        })
    }
  }
}

/** Wraps and unwraps something random: why the key cannot be used now, or nothing. */
async function refusalOf(wrapper: KeyWrapper, installation: string): Promise<AppError | undefined> {
  const bytes = randomBytes(32)
  const bound = { installation, environment: 'none', purpose: 'key-check', probe: randomUUID() }
  try {
    const back = await wrapper.unwrap(await wrapper.wrap(bytes, bound), bound)
    return bytes.equals(back)
      ? undefined
      : new AppError('integrity', 'The new key gave back other bytes than it was given.')
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
}

function isThrottled(error: AppError): boolean {
  return partsOf(error).some(({ cause }) => cause !== undefined && isThrottling(faultOf(cause).code))
}

/** Where several keys failed, what each said. */
function partsOf(error: AppError): Error[] {
  if (!(error.cause instanceof AggregateError)) return [error]
  return error.cause.errors.filter((part) => part instanceof Error)
}

/** AWS’s error codes that ask for fewer calls. */
export const isThrottling = (code: string): boolean => throttling.has(code)
const throttling = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
])
