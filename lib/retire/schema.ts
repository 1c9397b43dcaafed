import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import type { Remedy } from '#lib/aws/schema.ts'
import { parseKeyIdentifier, remedySchema } from '#lib/keys/schema.ts'

/** A key ARN, and nothing that stands for one: an alias may point elsewhere tomorrow. */
export const retireKeySchema = z.object({
  key: z
    .string()
    .trim()
    .max(2048)
    .refine((text) => {
      const parsed = parseKeyIdentifier(text)
      return parsed.ok && parsed.key.kind === 'key-arn' && parsed.key.value === text
    }, 'This is not a key ARN. The Keys page and byok key list show them.'),
})
export const deleteVersionsSchema = z.object({
  id: z.uuid(),
  word: z.string().max(200),
  password: z.string().max(1000),
})
export type DeleteVersionsInput = z.input<typeof deleteVersionsSchema>

/** What must be typed to delete so many versions. */
export const deletionWord = (versions: number) => `delete ${versions} ${versions === 1 ? 'version' : 'versions'}`

const told = z.object({ why: z.string() })
export const reportSchema = z.object({
  format: z.literal(1),
  key: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
  by: z.string(),
  installation: z.string(),
  /** Nothing that was looked at needs the key. */
  safe: z.boolean(),
  /** The first 100 of what needs the key, or could not be looked at. */
  needs: z.array(z.object({ what: z.string(), why: z.string() })),
  needed: z.number(),
  /** Backups in the database that could be under a key. */
  backups: z.number(),
  /** Of them, those whose envelope was read back from the bucket and does not name the key. */
  envelopes: z.number(),
  /** Folders in the bucket that the database does not know, and those of them whose envelope names the key. */
  unknown: z.object({ folders: z.number(), naming: z.number() }),
  /** Where was looked. */
  places: z.array(z.object({ region: z.string(), bucket: z.string(), folder: z.string() })),
  /** Older settings that name it; going back to one would need it. */
  revisions: z.array(z.number()),
  /** Secrets of this console under root keys, none of which the key wraps when it is safe. */
  sealedValues: z.number(),
  oldVersions: z.object({
    /** Versions of envelopes that are not the current ones, and that the key opens. */
    found: z.number(),
    backups: z.number(),
    /** Old versions that were read. */
    read: z.number(),
    /** Why some were not looked at; null: all were. */
    unseen: z.string().nullable(),
    /** What allows that, where a permission is missing. Not in the oldest reports. */
    remedies: z.array(remedySchema).default([]),
  }),
  kms: z.object({
    state: z.union([z.object({ state: z.string(), deletionDate: z.string().nullable() }), told]),
    lastUse: z.union([
      z.object({ at: z.string().nullable(), operation: z.string(), since: z.string().nullable() }),
      told,
    ]),
    aliases: z.union([z.object({ names: z.array(z.string()) }), told]),
  }),
  /** What this proof cannot see. */
  beyond: z.array(z.string()),
})
export type RetireReport = z.infer<typeof reportSchema>

export const proofStates = ['queued', 'running', 'complete', 'failed'] as const
export type ProofState = (typeof proofStates)[number]

export const retireProgressSchema = z.object({ step: z.string(), done: z.number(), total: z.number() })
export type RetireProgress = z.infer<typeof retireProgressSchema>

/** One line of the list of a key's proofs. Times ISO 8601, UTC. */
export interface ProofRow {
  readonly id: string
  readonly state: ProofState
  readonly safe: boolean | null
  readonly error: string | null
  readonly progress: RetireProgress | null
  readonly createdAt: string
  readonly createdBy: string
  readonly finishedAt: string | null
}

export interface VersionRow {
  readonly bucket: string
  readonly key: string
  readonly versionId: string
  readonly modified: string
  readonly state: 'found' | 'deleted' | 'gone' | 'current' | 'refused'
  readonly cause: string | null
}

export interface ProofDetail extends ProofRow {
  readonly report: RetireReport | null
  readonly deletion: {
    readonly state: ProofState
    readonly by: string
    readonly at: string
    readonly deleted: number
    readonly refused: number
    /** What allows the refused ones, where a permission is missing. */
    readonly remedies: readonly Remedy[]
  } | null
  /** How many old versions can still be deleted. */
  readonly deletable: number
  /** The first 50: refused ones first. */
  readonly versions: readonly VersionRow[]
}

export type RetireResult = ActionResult<{ readonly id: string }>
