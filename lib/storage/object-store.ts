export interface CreateOptions {
  /** Of the body, hexadecimal, where it is known already. */
  readonly sha256?: string
  /** Gives up; whether the object was stored is not known then. */
  readonly signal?: AbortSignal
}

export interface LookOptions {
  /** Gives up. */
  readonly signal?: AbortSignal
}

export interface ReadOptions {
  /** The caller knows the object's SHA-256 and compares it: the store need not do so too. */
  readonly unchecked?: boolean
  /** Memory for the object where it is large enough; otherwise it comes in new memory, which it shares with nothing. */
  readonly into?: Buffer
  /** Gives up, in the middle of the object too. */
  readonly signal?: AbortSignal
}

export interface StoredObject {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/** What a store says of an object without sending it. */
export interface ObjectFacts {
  /** Bytes. */
  readonly size: number
  /** Of the bytes as they were stored, hexadecimal; undefined where the store keeps none. */
  readonly sha256: string | undefined
}

/**
 * Where backup objects live: a bucket, as small as the pipeline needs it.
 * Keys are UTF-8, at most 1,024 bytes. Every method throws AppError: `denied`, `unreachable` (retryable),
 * `invalid` (no such bucket, wrong Region), and where said below `not-found` and `conflict`.
 */
export interface ObjectStore {
  /**
   * Creates an object, never replaces one: sent with SHA-256 and `If-None-Match: *`.
   * A retry of the same bytes after a lost answer succeeds; other bytes under a taken key throw `conflict`.
   */
  create(key: string, body: Uint8Array, options?: CreateOptions): Promise<void>
  /**
   * Creates or replaces. For objects that have generations (an envelope).
   * @param over what `read` returned for this key: then only that very object is replaced (`If-Match`). Another one in its
   * place throws `conflict`, none `not-found`; a retry of the same bytes after a lost answer succeeds.
   */
  replace(key: string, body: Uint8Array, over?: Uint8Array): Promise<void>
  /**
   * The whole object, in memory that it shares with nothing unless told `into`. Throws `not-found`; throws `integrity`
   * when it is longer than `maxBytes` or its checksum differs.
   */
  read(key: string, maxBytes: number, options?: ReadOptions): Promise<Uint8Array>
  /** Undefined when there is no such object. */
  look(key: string, options?: LookOptions): Promise<ObjectFacts | undefined>
  /** Idempotent: a missing object is no error. */
  delete(keys: readonly string[]): Promise<void>
  /** Every object whose key begins with `prefix`, in UTF-8 order. */
  list(prefix: string, options?: LookOptions): AsyncIterable<StoredObject>
}

/** The same store, which gives up whatever it was asked for reading when it is told to. */
export function readingUntil(store: ObjectStore, signal: AbortSignal): ObjectStore {
  return {
    create: (...asked) => store.create(...asked),
    replace: (...asked) => store.replace(...asked),
    read: (key, maxBytes, options) => store.read(key, maxBytes, { ...options, signal }),
    look: (key) => store.look(key, { signal }),
    delete: (keys) => store.delete(keys),
    list: (prefix) => store.list(prefix, { signal }),
  }
}
