import type { KeyContext, KeyWrapper } from '#lib/keys/key-wrapper.ts'

export type Mechanism = 'local' | 'awskms'

/** What wraps the console's root keys: a key file, or a KMS key of whoever runs the console. */
export interface Seal {
  readonly mechanism: Mechanism
  /** What new root keys are wrapped under: the key ARN that KMS returned, or the key file's `local/<UUID>`. */
  readonly keyId: string
  /** Wraps and unwraps under `keyId`. */
  readonly wrapper: KeyWrapper
  /** Unwraps what an earlier key of the same seal wrapped; undefined when that is not this seal's to open. */
  opener(wrap: { readonly mechanism: string; readonly keyId: string }): KeyWrapper | undefined
}

/** What a wrapped root key is bound to. `environment` is there so that one key policy fits backups and seal alike. */
export function rootKeyContext(installation: string, rootKey: string): KeyContext {
  return { format: '1', installation, environment: 'seal', rootKey, purpose: 'root-key' }
}
