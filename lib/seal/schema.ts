import { z } from 'zod'
import type { Remedy } from '#lib/aws/schema.ts'
import type { KeyHealthView } from '#lib/key-health/schema.ts'

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
  /** What carries that out: commands, or policies to add. */
  readonly remedies: readonly Remedy[]
  readonly configuration: readonly SealValue[]
  /** Newest first. */
  readonly rootKeys: readonly RootKeyStatus[]
}

export interface SealPageView extends SealView {
  /** What the watch knows of its key; null for a key file. */
  readonly health: KeyHealthView | null
}

export const sealActionSchema = z.object({ action: z.enum(['rewrap', 'rotate-root']) })
