import { z } from 'zod'

export const backupStates = ['queued', 'running', 'waiting', 'complete', 'failed', 'cancelled', 'deleting'] as const
export type BackupState = (typeof backupStates)[number]

export const startBackupSchema = z.object({
  /** One of the folders the page offers: below VAULT_SOURCE_ROOTS. Links are resolved on the server. */
  source: z.string().min(1, 'Choose a folder.').max(4096),
  // PostgreSQL takes no NUL, and a terminal should not take the rest.
  name: z
    .string()
    .trim()
    .max(2000, 'At most 2,000 characters.')
    .regex(/^\P{Cc}*$/u, 'No control characters.'),
})
export type StartBackupInput = z.input<typeof startBackupSchema>

export const startRestoreSchema = z.object({
  backupId: z.uuid(),
  /** A new folder, below VAULT_RESTORE_ROOTS. */
  target: z.string().trim().min(1, 'Name a new folder.').max(4096),
})
export type StartRestoreInput = z.input<typeof startRestoreSchema>

/** How far a backup or restore is. Sizes in bytes. */
export const countsSchema = z.object({
  bytesDone: z.number(),
  /** Null until the source has been counted. */
  bytesTotal: z.number().nullable(),
  bytesStored: z.number(),
  filesDone: z.number(),
  filesTotal: z.number().nullable(),
  currentPath: z.string().nullable(),
})
export type Counts = z.infer<typeof countsSchema>

export const nothingYet: Counts = {
  bytesDone: 0,
  bytesTotal: null,
  bytesStored: 0,
  filesDone: 0,
  filesTotal: null,
  currentPath: null,
}

/** What a watcher sees of a running backup or restore. */
export const progressSchema = countsSchema.extend({
  state: z.enum(backupStates),
  /** ISO 8601, UTC. */
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  error: z.string().nullable(),
})
export type Progress = z.infer<typeof progressSchema>

export interface Warning {
  readonly path: string
  readonly message: string
}

/** One line of the list of backups. Sizes in bytes, times ISO 8601 in UTC. */
export interface BackupRow {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly state: BackupState
  readonly error: string | null
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

export interface RestoreRow {
  readonly id: string
  readonly target: string
  readonly state: BackupState
  readonly error: string | null
  readonly files: number | null
  readonly bytes: number | null
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
  /** At most 100 of them. */
  readonly warningList: readonly Warning[]
  readonly restores: readonly RestoreRow[]
  /** Where the page may restore to: a new folder below this one. */
  readonly restoreRoot: string
}

/** The address bar of the list of backups. Anything unknown is ignored. */
export const backupQuerySchema = z.object({
  text: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^\P{Cc}*$/u)
    .optional()
    .catch(undefined),
  state: z.enum(backupStates).optional().catch(undefined),
  /** The ID of the last row of the page before. */
  before: z.uuid().optional().catch(undefined),
})
export type BackupQuery = z.infer<typeof backupQuerySchema>

export interface BackupsView {
  readonly rows: readonly BackupRow[]
  readonly nextBefore: string | null
  /** Queued and running ones, on every page of the list. */
  readonly active: readonly BackupRow[]
  readonly total: number
  readonly hasEnvironment: boolean
  /** Folders that may be backed up, with a name to show: each source root and the folders directly in it. */
  readonly sources: readonly { readonly path: string; readonly label: string }[]
  /** Whether anything was ever restored. */
  readonly restored: boolean
}

export type StartResult =
  | { readonly status: 'success'; readonly id: string }
  | { readonly status: 'error'; readonly message: string; readonly fieldErrors?: Readonly<Record<string, string>> }
