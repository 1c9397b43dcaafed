import { randomBytes, randomUUID } from 'node:crypto'
import { faultOf, isThrottling } from '#lib/aws/fault.ts'
import type { BackupContext, Connection } from '#lib/backup/backup-context.ts'
import type { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import type { Pace } from './pace.ts'
import { isOwnName } from './schema.ts'

/** The keys of one pass: their calls keep its pace, and what fails says whether a key failed, and whether the new one. */
export class PassKeys {
  readonly #context: Pick<BackupContext, 'seal' | 'installation'>
  readonly #reaches: SharedReaches
  readonly #pace: Pace
  readonly #signal: AbortSignal
  readonly #ofKeys = new WeakSet<object>()
  readonly #ofNewKey = new WeakSet<object>()
  /** The new key with the credentials in force; undefined: there is none, or it is the console's own. */
  #inForce: { readonly connection: Connection; readonly wrapper: KeyWrapper } | undefined
  #proving: Promise<AppError | undefined> | undefined

  /** @param signal ends calls that wait for their turn */
  constructor(
    context: Pick<BackupContext, 'seal' | 'installation'>,
    reaches: SharedReaches,
    pace: Pace,
    signal: AbortSignal,
  ) {
    this.#context = context
    this.#reaches = reaches
    this.#pace = pace
    this.#signal = signal
  }

  /** Once, before anything else. @param to the new key; null: none is added. @throws AppError `invalid` without settings */
  async open(to: string | null): Promise<void> {
    if (to === null || isOwnName(to)) return
    const connection = await this.#reaches.inForce()
    this.#inForce = { connection, wrapper: this.#paced(connection.keyWrapper(to)) }
  }

  /** As a restore reaches the backup, with all its keys. @throws AppError as `SharedReaches.connect` does */
  readonly connect: SharedReaches['connect'] = async (backup) => {
    const connection = await this.#reaches.connect(backup)
    return { ...connection, keyWrapper: (keyId) => this.#wrapperOf(connection, keyId) }
  }

  /** Wraps with the credentials in force, and proves with those that a restore of this backup will use. */
  readonly newKey = (connection: Connection, keyId: string): KeyWrapper => {
    if (isOwnName(keyId) || !this.#inForce) return this.#context.seal
    return {
      wrap: this.#wrapperOf(this.#inForce.connection, keyId, this.#ofNewKey).wrap,
      unwrap: this.#wrapperOf(connection, keyId, this.#ofNewKey).unwrap,
    }
  }

  /** Why the new key cannot be used now, or nothing. Whoever asks meanwhile gets the answer that is on its way. */
  refusalOfNew(): Promise<AppError | undefined> {
    const wrapper = this.#inForce?.wrapper
    if (!wrapper) return Promise.resolve(undefined)
    this.#proving ??= this.#refusalOf(wrapper).finally(() => {
      this.#proving = undefined
    })
    return this.#proving
  }

  isOfAKey(error: AppError): boolean {
    return partsOf(error).some((part) => this.#ofKeys.has(part))
  }

  isOfTheNewKey(error: AppError): boolean {
    return this.#ofNewKey.has(error)
  }

  /** @param marks where errors of this key are remembered, besides those of all keys */
  #wrapperOf(connection: Connection, keyId: string, marks?: WeakSet<object>): KeyWrapper {
    return isOwnName(keyId) ? this.#context.seal : this.#paced(connection.keyWrapper(keyId), marks)
  }

  #paced(wrapper: KeyWrapper, marks?: WeakSet<object>): KeyWrapper {
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      await this.#pace.take(this.#signal)
      try {
        return await work()
      } catch (error) {
        if (error instanceof Error) {
          this.#ofKeys.add(error)
          marks?.add(error)
        }
        throw error
      }
    }
    return {
      wrap: (key, bound) => call(() => wrapper.wrap(key, bound)),
      unwrap: (wrapped, bound) => call(() => wrapper.unwrap(wrapped, bound)),
    }
  }

  /** Wraps and unwraps something random. */
  async #refusalOf(wrapper: KeyWrapper): Promise<AppError | undefined> {
    const { installation } = this.#context
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
}

/** Whether AWS asked for fewer calls. */
export function isThrottled(error: AppError): boolean {
  return partsOf(error).some(({ cause }) => cause !== undefined && isThrottling(faultOf(cause).code))
}

/** Where several keys failed, what each said. */
function partsOf(error: AppError): Error[] {
  if (!(error.cause instanceof AggregateError)) return [error]
  return error.cause.errors.filter((part) => part instanceof Error)
}
