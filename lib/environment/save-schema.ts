import { z } from 'zod'
import type { ActionError } from '#lib/action-result.ts'
import type { CheckReport } from '#lib/keys/schema.ts'
import { environmentSchema } from './schema.ts'

/** What has to be typed to write backups unencrypted. */
export const unencryptedWord = 'unencrypted'

/** What a person gives once more for a change that destroys or exposes. Never stored, never logged. */
const confirmationSchema = z.object({
  password: z.string().max(1000).optional(),
  word: z.string().trim().max(100).optional(),
})
export type Confirmation = z.infer<typeof confirmationSchema>

/** What a page sends with a save. */
export const saveRequestSchema = z.object({
  settings: environmentSchema,
  /** The revision that the person saw; 0 for none. */
  base: z.int().min(0).max(2_147_483_647),
  confirmation: confirmationSchema.default({}),
  /** The older revision whose values these are. Its stored secret is used where none is given. */
  restoredFrom: z.int().min(1).max(2_147_483_647).nullable().default(null),
})
export type SaveRequest = z.input<typeof saveRequestSchema>

const confirmations = ['password', 'word'] as const
export type ConfirmationKind = (typeof confirmations)[number]

/** Every check passed, nothing is saved yet: the same save is to be sent again with what is asked for. */
export interface ConfirmationNeeded {
  readonly status: 'confirm'
  readonly asks: readonly ConfirmationKind[]
  /** What the change destroys or exposes: whole sentences. */
  readonly reasons: readonly string[]
  /** What is wrong with the confirmation that was given; absent when none was. */
  readonly wrong?: { readonly what: ConfirmationKind; readonly message: string }
  /** Absent when the password given was wrong: then nothing was tried. */
  readonly report?: CheckReport
}

export type SaveEnvironmentResult =
  | { readonly status: 'success'; readonly revision: number; readonly report: CheckReport }
  | ConfirmationNeeded
  | (ActionError & { readonly report?: CheckReport })
export type TestKeyResult =
  | { readonly status: 'success'; readonly report: CheckReport }
  | Extract<SaveEnvironmentResult, { status: 'error' }>
