import { z } from 'zod'

export interface RootKeyStatus {
  readonly id: string
  /** Of each wrap: the key ARN that KMS returned, or the key file's ID. */
  readonly keyIds: readonly string[]
  readonly createdAt: string
  /** Sealed values under it. */
  readonly values: number
  /** Backups of method AES-256 that only it opens. */
  readonly backups: number
}

export interface SealValue {
  readonly name: string
  /** Never a secret: in its place stands that it is set. */
  readonly value: string
  readonly source: string
  readonly shadows: readonly string[]
}

export interface SealView {
  readonly status: 'unsealed' | 'sealed'
  readonly type: 'local' | 'awskms' | 'unknown'
  /** What wraps root keys now: a key ARN, or the key file's ID; null when that cannot be told. */
  readonly keyArn: string | null
  /** Why it is sealed, and what to do. */
  readonly error: string | null
  readonly configuration: readonly SealValue[]
  /** Newest first. */
  readonly rootKeys: readonly RootKeyStatus[]
}

/** What the Seal page shows besides. Times ISO 8601, UTC. */
export interface SealPageView extends SealView {
  readonly health: {
    readonly healthy: boolean
    readonly message: string | null
    readonly checkedAt: string
    readonly probes: number
    readonly failures: number
  }
  /** Newest first. */
  readonly events: readonly { readonly at: string; readonly healthy: boolean; readonly message: string | null }[]
}

export const sealActionSchema = z.object({ action: z.enum(['rewrap', 'rotate-root']) })
