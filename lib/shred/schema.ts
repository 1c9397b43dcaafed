import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import type { Remedy } from '#lib/aws/schema.ts'
import { noControlCharacters } from '#lib/plain-text.ts'

/** Hours in which a request can be undone. */
export const waitHours = { least: 1, most: 720, usual: 72 } as const

const namesBackups = 'Name backups by their IDs, as the list of backups shows them.'
const backupId = z.uuid(namesBackups)
const list = z
  .union([backupId, z.array(backupId).max(10_000)], namesBackups)
  .transform((value) => [value].flat())
  .optional()

const namesKey = 'Name a key by its ARN, or a root key by its ID.'

/** Which backups: all that fit every part that is given. */
export const shredSelectionSchema = z
  .object({
    /** Named one by one. */
    id: list,
    /** All that a schedule made. */
    schedule: z.uuid('Name a schedule by its ID: byok backup schedule list shows them.').optional(),
    /** All that this key opens: a key ARN or a root key's ID. */
    key: z.string().trim().min(1, namesKey).max(2048, namesKey).optional(),
    /** A day, UTC: all that were made before it. */
    before: z.iso.date('Write a day, such as 2026-01-31.').optional(),
  })
  .refine((value) => value.id?.length || value.schedule || value.key || value.before, 'Choose at least one backup.')
export type ShredSelection = z.output<typeof shredSelectionSchema>

const shredRequestSchema = z.object({
  selection: shredSelectionSchema,
  /** Of the set that was looked at. */
  digest: z.hex().length(64),
  name: z.string().max(4000),
  reason: z.string().trim().max(500, 'At most 500 characters.').regex(noControlCharacters, 'No control characters.'),
  hours: z.coerce
    .number()
    .min(waitHours.least, `At least ${waitHours.least} hour.`)
    .max(waitHours.most, `At most ${waitHours.most} hours, which is 30 days.`),
})
/** What the page sends: the same and the password of whoever asks. */
export const shredFormSchema = shredRequestSchema.extend({ password: z.string().max(1000) })
export type ShredFormInput = z.input<typeof shredFormSchema>
export type ShredRequest = z.output<typeof shredRequestSchema>
export const shredIdSchema = z.object({ id: z.uuid() })

/** Sizes in bytes, times ISO 8601 in UTC. */
export interface ShredCandidate {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly bytes: number | null
  readonly files: number | null
  readonly createdAt: string
}

export interface ShredPreview {
  /** Newest first, at most 500 of them. */
  readonly backups: readonly ShredCandidate[]
  readonly count: number
  readonly bytes: number
  /** Sources of which no other restore point would be left: the first 100. `host` is empty of what was uploaded. */
  readonly lastOf: readonly { readonly source: string; readonly host: string }[]
  readonly lastOfCount: number
  /** What the selection names and cannot be shredded, and why: the first 100. */
  readonly leftOut: readonly { readonly id: string; readonly name: string; readonly why: string }[]
  readonly leftOutCount: number
  /** Of exactly this set: a request for another one is refused. */
  readonly digest: string
  /** What is to be typed. */
  readonly name: string
}

export const shredStates = ['waiting', 'undone', 'running', 'complete'] as const
export type ShredState = (typeof shredStates)[number]
export type ShredItemState = 'waiting' | 'claimed' | 'destroyed' | 'gone'

export interface ShredRow {
  readonly id: string
  readonly name: string
  readonly reason: string
  readonly state: ShredState
  readonly backups: number
  readonly destroyed: number
  readonly bytes: number
  readonly createdAt: string
  readonly createdBy: string
  readonly dueAt: string
  readonly undoneAt: string | null
  readonly undoneBy: string | null
  readonly finishedAt: string | null
  readonly certified: boolean
}

export interface ShredItemRow {
  readonly backupId: string
  readonly name: string
  readonly source: string
  readonly bytes: number | null
  readonly backupAt: string
  readonly state: ShredItemState
  /** Why it is not destroyed yet. */
  readonly error: string | null
  readonly destroyedAt: string | null
  readonly envelopes: number
}

export interface ShredDetail extends ShredRow {
  /** What lets it go on, where a permission is missing. */
  readonly remedies: readonly Remedy[]
  /** At most 500; those with something wrong first. */
  readonly items: readonly ShredItemRow[]
}

/** What stands at the top of every page while backups wait to be shredded. */
export interface ShredAhead {
  readonly id: string
  readonly requests: number
  readonly backups: number
  /** Of the first. */
  readonly dueAt: string
}

/** What verifies certificates. */
export interface SigningKeyView {
  readonly pem: string
  /** SHA-256 of the key in DER, hexadecimal. */
  readonly fingerprint: string
}

export type ShredResult = ActionResult<{ readonly id: string }>
