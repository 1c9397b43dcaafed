import { randomBytes } from 'node:crypto'
import { AppError } from '#lib/errors.ts'
import type { KeyContext, KeyWrapper } from '#lib/keys/key-wrapper.ts'
import type { Kms } from '#lib/keys/kms.ts'
import type { KmsLookups } from '#lib/keys/kms-lookups.ts'

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
  /** The way to its keys in KMS; undefined for a key file. */
  readonly keys: SealKeys | undefined
  /** Lets go of its connections. */
  close(): void
}

/** Calls of KMS with the credentials and at the endpoint of the seal's own configuration, counted as the seal's. */
export interface SealKeys {
  /** The ARN of the key that new root keys are wrapped under. */
  readonly keyArn: string
  /** @param keyArn that one, or an earlier key of the same seal */
  reach(keyArn: string): { readonly kms: Kms; readonly lookups: KmsLookups; readonly region: string }
}

/** Wraps and unwraps something random: whether it does. Throws what the wrapper throws. */
export async function probeWrapper(
  { keyId, wrapper }: Pick<Seal, 'keyId' | 'wrapper'>,
  installation: string,
): Promise<void> {
  const bytes = randomBytes(32)
  const context = probeContext(installation)
  if (!bytes.equals(await wrapper.unwrap(await wrapper.wrap(bytes, context), context)))
    throw new AppError('integrity', `${keyId} gives back something else than it was given.`)
}

/** What a wrapped root key is bound to. `environment` is there so that one key policy fits backups and seal alike. */
export function rootKeyContext(installation: string, rootKey: string): KeyContext {
  return { format: '1', installation, environment: 'seal', rootKey, purpose: 'root-key' }
}

/** The same parts, so that a policy which allows root keys allows trying their key. */
export const probeContext = (installation: string): KeyContext => ({
  ...rootKeyContext(installation, 'none'),
  purpose: 'probe',
})
