import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import { maybe, searchText } from '#lib/address-bar.ts'
import type { KeyHealth } from '#lib/key-health/schema.ts'
import { noControlCharacters, plainName } from '#lib/plain-text.ts'

const backupStates = [
  'queued',
  'running',
  'waiting',
  'complete',
  'failed',
  'cancelled',
  'deleting',
  'shredding',
  'shredded',
] as const
export type BackupState = (typeof backupStates)[number]

/** Patterns as .gitignore writes them: a list, or text with one a line. */
export const patternsSchema = z
  .union([z.string().max(100_000), z.array(z.string())])
  .default([])
  .transform((value) =>
    (typeof value === 'string' ? value.split('\n') : value).map((line) => line.trim()).filter((line) => line !== ''),
  )
  .pipe(
    z
      .array(
        z
          .string()
          .max(1000, 'A pattern has at most 1,000 characters.')
          .regex(noControlCharacters, 'No control characters.'),
      )
      .max(200, 'At most 200 patterns.'),
  )

export const startBackupSchema = z.object({
  /** One of the folders the page offers: below VAULT_SOURCE_ROOTS. Links are resolved on the server. */
  source: z.string().min(1, 'Choose a folder.').max(4096, 'A path has at most 4,096 characters.'),
  name: z.string().trim().max(2000, 'At most 2,000 characters.').regex(plainName, 'No control characters.'),
  /** Whose folder it is; empty: found by itself. */
  host: z.string().max(255).default(''),
  include: patternsSchema,
  exclude: patternsSchema,
})
export type StartBackupInput = z.input<typeof startBackupSchema>

export const startRestoreSchema = z.object({
  backupId: z.uuid(),
  /** A folder below VAULT_RESTORE_ROOTS. */
  target: z.string().trim().min(1, 'Name a new folder.').max(4096, 'A path has at most 4,096 characters.'),
  /** Paths and patterns: a list, or text with one a line. Empty: everything. */
  paths: z
    .union([z.string().max(1_000_000), z.array(z.string())])
    .default([])
    .transform((value) =>
      (typeof value === 'string' ? value.split(/\r?\n/) : value).filter((line) => line.trim() !== ''),
    )
    .pipe(
      z
        .array(
          z
            .string()
            .max(8192, 'A path has at most 8,192 characters.')
            .regex(noControlCharacters, 'No control characters: write them as the list of files shows them.'),
        )
        .max(1000, 'At most 1,000 paths.'),
    ),
  /** What becomes of files that are there; undefined: the folder must be new or empty. */
  overwrite: z.enum(['never', 'older', 'always']).optional(),
})
export type StartRestoreInput = z.input<typeof startRestoreSchema>

export const verifyDepths = ['quick', 'full'] as const
export type VerifyDepth = (typeof verifyDepths)[number]
export const startVerificationSchema = z.object({ backupId: z.uuid(), depth: z.enum(verifyDepths) })
export type StartVerificationInput = z.input<typeof startVerificationSchema>

export type JobKind = 'backup' | 'restore' | 'verification'

/** What to do about problems, whatever they are. */
export const damageAdvice =
  'Make a new backup of its source now. While envelope and manifest are whole, files in undamaged segments can still be restored by their paths; a bucket with versioning may still hold what is missing.'

/** What is wrong with one object of a backup, by its name in the backup's folder. */
export interface VerifyProblem {
  readonly object: string
  readonly message: string
}

/** What a waiting job waits for. */
export const waitingForSchema = z.enum(['key', 'bucket'])
export type WaitingFor = z.infer<typeof waitingForSchema>

export interface Warning {
  readonly path: string
  readonly message: string
}

/** A key that opens nothing now, by what the watch found last. */
export type KeyTrouble = Pick<KeyHealth, 'arn' | 'state' | 'since' | 'checkedAt' | 'diagnosis'>

/** One line of the list of backups. Sizes in bytes, times ISO 8601 in UTC. */
export interface BackupRow {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly state: BackupState
  /** A verification of it found problems, and none that looked at as much was clean since. Complete ones only. */
  readonly damaged: boolean
  /** None of its keys opens anything now, by what the watch found last. Complete ones only. */
  readonly locked: boolean
  readonly error: string | null
  readonly waitingFor: WaitingFor | null
  readonly warnings: number
  readonly bytes: number | null
  readonly bytesStored: number | null
  readonly files: number | null
  /** Key ARNs that open it; empty for AES-256 and for unencrypted backups. */
  readonly keyArns: readonly string[]
  readonly method: 'AWS-KMS' | 'AES-256' | 'none'
  readonly createdAt: string
  readonly finishedAt: string | null
}

/** `complete` with problems: the backup is damaged. `failed`: nothing could be said of it. */
export interface VerificationRow {
  readonly id: string
  readonly depth: VerifyDepth
  readonly state: BackupState
  readonly error: string | null
  /** At most 100 of them. */
  readonly problems: readonly VerifyProblem[]
  readonly problemCount: number
  readonly objects: number | null
  readonly bytes: number | null
  readonly createdAt: string
  readonly createdBy: string
  readonly finishedAt: string | null
}

export interface RestoreRow {
  readonly id: string
  readonly target: string
  /** The machine that has it; null: this one. */
  readonly host: string | null
  /** Empty: everything. */
  readonly paths: readonly string[]
  readonly overwrite: string | null
  readonly warningList: readonly Warning[]
  readonly warnings: number
  readonly state: BackupState
  readonly error: string | null
  readonly files: number | null
  readonly bytes: number | null
  /** Files and links that were there and were kept. */
  readonly kept: number
  readonly createdAt: string
  readonly finishedAt: string | null
}

export interface BackupDetail extends BackupRow {
  readonly bucket: string
  readonly region: string
  /** In front of its objects' names; may be empty. */
  readonly prefix: string
  /** With `environment`: what its encryption contexts name. Recovery without this console needs them. */
  readonly installation: string
  readonly environment: string
  readonly createdBy: string
  /** The machine that has its source; null: this one, or it came as a stream. */
  readonly host: string | null
  /** Came to nothing, and can be started once more: back-up-again.ts. */
  readonly repeatable: boolean
  /** Its keys that open nothing now; with another one beside them it is not `locked`. Complete ones only. */
  readonly keyTroubles: readonly KeyTrouble[]
  /** At most 100 of them. */
  readonly warningList: readonly Warning[]
  readonly restores: readonly RestoreRow[]
  /** The last ten, newest first, and where none of them says why it is damaged, the one that does. */
  readonly verifications: readonly VerificationRow[]
  /** Where the page may restore to: a new folder below this one. */
  readonly restoreRoot: string
  /** Why it must not be deleted, where somebody has asked to shred it. */
  readonly toBeShredded: string | null
}

/** What the list can be narrowed to: `complete` leaves out those known to be damaged, which `damaged` are. */
export const backupFilters = [...backupStates, 'damaged'] as const

/** The address bar of the list of backups. Anything unknown is ignored. */
export const backupQuerySchema = z.object({
  text: searchText(200),
  state: maybe(z.enum(backupFilters)),
  /** The ID of the last row of the page before. */
  before: maybe(z.uuid()),
})
export type BackupQuery = z.infer<typeof backupQuerySchema>

export interface BackupsView {
  readonly rows: readonly BackupRow[]
  readonly nextBefore: string | null
  /** Queued and running ones, on every page of the list. */
  readonly active: readonly BackupRow[]
  /** Whether there is any, whatever was asked for. */
  readonly hasBackups: boolean
  readonly hasEnvironment: boolean
  /**
   * Folders that may be backed up, with a name to show: each source root and the folders directly in it; of other
   * machines the roots that their workers have.
   */
  readonly sources: readonly { readonly path: string; readonly host: string; readonly label: string }[]
  /** Whether anything was ever restored. */
  readonly restored: boolean
}

/** What deleting a backup takes away, and what stands in its way. */
export interface Loss {
  /** Why it cannot be deleted now; null: it can. */
  readonly refusal: string | null
  /** What is lost, in sentences. */
  readonly sentences: readonly string[]
}

export const jobIdSchema = z.object({ id: z.uuid() })

export type LossResult = ActionResult<{ readonly loss: Loss }>

export type ChangeResult = ActionResult

export type StartResult = ActionResult<{ readonly id: string }>
