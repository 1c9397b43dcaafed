import { z } from 'zod'
import { maybe, searchText } from '#lib/address-bar.ts'

export const auditActions = [
  'auth.setup',
  'auth.sign-in',
  'auth.sign-out',
  'auth.confirm',
  'access.refused',
  'audit.export',
  'session.end',
  'user.add',
  'user.role',
  'user.password',
  'user.sign-out',
  'user.remove',
  'token.create',
  'token.revoke',
  'token.use',
  'catalog.export',
  'catalog.import',
  'environment.save',
  'key.check',
  'key.rewrap',
  'key.state',
  'alerts.change',
  'alerts.test',
  'rewrap.start',
  'rewrap.pause',
  'rewrap.resume',
  'rewrap.cancel',
  'rewrap.finish',
  'backup.start',
  'backup.finish',
  'backup.cancel',
  'backup.delete',
  'backup.deleted',
  'restore.start',
  'restore.finish',
  'restore.cancel',
  'verify.start',
  'verify.finish',
  'backup.download',
  'schedule.add',
  'schedule.run',
  'schedule.remove',
  'schedule.pause',
  'schedule.resume',
  'schedule.skip',
  'seal.rewrap',
  'seal.migrate',
  'seal.rotate-root',
  'seal.recovery-kit',
  'seal.recover',
  'seal.refused',
  'retire.start',
  'retire.finish',
  'retire.delete-versions',
  'shred.request',
  'shred.undo',
  'shred.postpone',
  'shred.begin',
  'shred.finish',
  'sandbox.rehearse',
] as const
export type AuditAction = (typeof auditActions)[number]

export const auditOutcomes = ['success', 'refused', 'failed', 'cancelled'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

/** The address bar of the audit page. Anything unknown is ignored, never an error. */
export const auditQuerySchema = z.object({
  action: maybe(z.enum(auditActions)),
  outcome: maybe(z.enum(auditOutcomes)),
  /** Or an IP address: what came from there. */
  actor: searchText(254),
  /** The ID of the last row of the page before: pages by key, so new rows never shift it. */
  before: maybe(z.coerce.bigint().positive().max(9_223_372_036_854_775_807n)),
})
export type AuditQuery = z.infer<typeof auditQuerySchema>

/** Which events are meant; of what is not said, all. */
export interface AuditFilter extends Omit<AuditQuery, 'before'> {
  readonly since?: Date | undefined
  /** Not from then on. */
  readonly until?: Date | undefined
}

export const exportFormats = ['jsonl', 'csv'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** The address of an export: the filters of the page that it stands on. */
export const auditExportSchema = auditQuerySchema
  .omit({ before: true })
  .extend({ format: z.enum(exportFormats).catch('jsonl') })

export interface AuditRow {
  /** A bigint as text. */
  readonly id: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly actor: string
  /** IP address that the request came from. */
  readonly address: string | null
  readonly action: AuditAction
  readonly outcome: AuditOutcome
  /** What it was done to, in words. */
  readonly subject: string
  /** Changed values without secrets: name → [before, after]. */
  readonly changes: Readonly<Record<string, readonly [string | null, string | null]>>
}

export interface AuditView {
  readonly rows: readonly AuditRow[]
  readonly nextBefore: string | null
}

/** What going through the whole chain found. Numbers are bigints as text. */
export interface AuditVerdict {
  /** How many entries are in order, from the first on. */
  readonly inOrder: string
  /** When the first of them was; ISO 8601, UTC. */
  readonly since: string | null
  /** The last of them: what to write down elsewhere. */
  readonly head: { readonly number: string; readonly hash: string } | null
  /** The newest signed head. */
  readonly signed: { readonly number: string; readonly at: string } | null
  /** A sentence: the first that is not in order, and what is wrong with it. */
  readonly fault: string | null
}

/** How many a page goes through because somebody pressed a button: some ten seconds. */
export const mostForPage = 200_000

/** What a page can say without going through it. */
export interface AuditState {
  readonly entries: string
  /** More than `mostForPage`. */
  readonly tooMany: boolean
  readonly signed: AuditVerdict['signed']
  readonly fault: string | null
}
