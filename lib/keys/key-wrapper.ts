/** Pairs that are authenticated with a wrapped key but not secret (AWS: encryption context; NIST: additional authenticated data). */
export type KeyContext = Readonly<Record<string, string>>

export interface WrappedKey {
  /** What the wrapping key is called for ever: the key ARN that KMS returned, or the ID of a root key. Never an alias. */
  readonly keyId: string
  readonly ciphertext: Uint8Array
}

/**
 * Encrypts a small key under another key, bound to a context.
 * Both methods throw AppError: `denied` (the key's owner says no), `unreachable` (retry later),
 * `invalid` (no such key), and `unwrap` also `integrity` (wrong key, wrong context or damaged ciphertext).
 */
export interface KeyWrapper {
  /** @param key at most 4,096 bytes; 32 for a backup key or a root key */
  wrap(key: Uint8Array, context: KeyContext): Promise<WrappedKey>
  unwrap(wrapped: WrappedKey, context: KeyContext): Promise<Uint8Array>
}
