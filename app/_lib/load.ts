import 'server-only'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import type { AuditQuery, AuditView } from '#lib/audit/schema.ts'
import { can, type SessionUser } from '#lib/auth/schema.ts'
import { setupState } from '#lib/auth/setup.ts'
import { offeredPlaces } from '#lib/backup/offered-places.ts'
import type { BackupDetail, BackupQuery, BackupsView } from '#lib/backup/schema.ts'
import { viewBackup, viewBackups } from '#lib/backup/view-backups.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { viewEffectiveConfiguration } from '#lib/environment/effective-configuration.ts'
import { listRevisions, viewRevision } from '#lib/environment/list-revisions.ts'
import type {
  EffectiveConfiguration,
  EnvironmentView,
  HistoryQuery,
  HistoryView,
  RevisionView,
} from '#lib/environment/schema.ts'
import { viewEnvironment } from '#lib/environment/view-environment.ts'
import { listNotices } from '#lib/notices/list-notices.ts'
import type { NoticesView } from '#lib/notices/schema.ts'
import type { ScheduleRow } from '#lib/schedules/schema.ts'
import { viewSchedules } from '#lib/schedules/view-schedules.ts'
import { accessOf as sealAccessOf, sealSettingsOf } from '#lib/seal/open-seal.ts'
import { getConsole } from './console.ts'
import { requireUser } from './session.ts'

// What pages show. Each checks session and permission itself.

export async function loadShell(): Promise<{
  user: SessionUser
  sandbox: boolean
  unencrypted: boolean
  backups: number
  notices: NoticesView
}> {
  const user = await requireUser('backup.read')
  const { db, env } = await getConsole()
  const [{ revision }, backups, notices] = await Promise.all([
    currentEnvironment(db),
    db.backup.count(),
    can(user.role, 'environment.change') ? listNotices(db, user) : { rows: [], more: 0 },
  ])
  return { user, sandbox: env.aws === 'sandbox', unencrypted: revision?.method === 'none', backups, notices }
}

/** @param restoring the older revision to start from */
export async function loadEnvironment(restoring?: number): Promise<EnvironmentView> {
  await requireUser('environment.read')
  const { backup, offeredKeys } = await getConsole()
  return viewEnvironment(backup, await offeredKeys(), restoring)
}

/** Asks AWS STS who the caller is: it takes as long as AWS does, so nothing else of a page should wait for it. */
export async function loadEffectiveConfiguration(): Promise<EffectiveConfiguration | undefined> {
  await requireUser('environment.read')
  const { backup, env } = await getConsole()
  const { active } = sealSettingsOf({ configFile: env.configFile, variables: env.sealVariables })
  const sealCredentials = active.type === 'awskms' ? sealAccessOf(active.settings, backup).credentials : undefined
  return viewEffectiveConfiguration(backup, { awsVariables: env.awsVariables, sealCredentials })
}

export async function loadRevisions(query: HistoryQuery): Promise<HistoryView> {
  await requireUser('environment.read')
  const { db } = await getConsole()
  return listRevisions(db, query)
}

export async function loadRevision(number: number): Promise<RevisionView | undefined> {
  await requireUser('environment.read')
  const { backup } = await getConsole()
  return viewRevision(backup, number)
}

export async function loadBackups(query: BackupQuery): Promise<BackupsView> {
  await requireUser('backup.read')
  const { backup } = await getConsole()
  return viewBackups(backup, query)
}

export async function loadBackup(id: string): Promise<BackupDetail | undefined> {
  await requireUser('backup.read')
  const { backup } = await getConsole()
  return viewBackup(backup, id)
}

export async function loadAudit(query: AuditQuery): Promise<AuditView> {
  await requireUser('audit.read')
  const { db } = await getConsole()
  return listAuditEvents(db, query)
}

export async function setupOpen(token: string | undefined): Promise<'open' | 'bad-token' | 'done'> {
  const { db } = await getConsole()
  return setupState(db, token)
}

export async function loadSchedules(): Promise<{
  rows: ScheduleRow[]
  sources: BackupsView['sources']
  hasEnvironment: boolean
}> {
  await requireUser('backup.read')
  const { backup, db } = await getConsole()
  const [rows, sources, { revision }] = await Promise.all([
    viewSchedules(backup),
    offeredPlaces(backup),
    currentEnvironment(db),
  ])
  return { rows, sources, hasEnvironment: revision !== undefined }
}
