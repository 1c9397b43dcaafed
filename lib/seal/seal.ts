import { randomBytes } from 'node:crypto'
import { AppError } from '#lib/errors.ts'
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
  /** Wraps and unwraps once: whether it still does. Throws AppError with the diagnosis. */
  probe(): Promise<void>
  /** Lets go of its connections. */
  close(): void
}

/** Wraps and unwraps something random. */
export async function probeWrapper(
  { keyId, wrapper }: Pick<Seal, 'keyId' | 'wrapper'>,
  installation: string,
): Promise<void> {
  const bytes = randomBytes(32)
  const context = { ...rootKeyContext(installation, 'none'), purpose: 'probe' }
  if (!bytes.equals(await wrapper.unwrap(await wrapper.wrap(bytes, context), context)))
    throw new AppError('integrity', `${keyId} gives back something else than it was given.`)
}

/** What a wrapped root key is bound to. `environment` is there so that one key policy fits backups and seal alike. */
export function rootKeyContext(installation: string, rootKey: string): KeyContext {
  return { format: '1', installation, environment: 'seal', rootKey, purpose: 'root-key' }
}
