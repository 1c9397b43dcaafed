import 'server-only'
import { cache } from 'react'
import { z } from 'zod'
import type { AlertsView, OpenAlerts } from '#lib/alerts/schema.ts'
import { viewAlerts, viewOpenAlerts } from '#lib/alerts/view-alerts.ts'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import type { AuditQuery, AuditState, AuditView } from '#lib/audit/schema.ts'
import { viewAuditState } from '#lib/audit/view-state.ts'
import { can, type SessionUser } from '#lib/auth/schema.ts'
import { setupState } from '#lib/auth/setup.ts'
import { crumbs, listFolder, pathOfId, searchFiles } from '#lib/backup/browse-backup.ts'
import type { BrowseQuery, BrowseView } from '#lib/backup/browse-schema.ts'
import { offeredPlaces } from '#lib/backup/offered-places.ts'
import type { BackupDetail, BackupQuery, BackupsView } from '#lib/backup/schema.ts'
import { viewBackup, viewBackups } from '#lib/backup/view-backups.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { viewEffectiveConfiguration } from '#lib/environment/effective-configuration.ts'
import { listRevisions, viewRevision } from '#lib/environment/list-revisions.ts'
import type {
  EffectiveConfiguration,
  EnvironmentGlanceView,
  EnvironmentView,
  HistoryQuery,
  HistoryView,
  Offered,
  RevisionView,
} from '#lib/environment/schema.ts'
import { viewAtAGlance, viewEnvironment } from '#lib/environment/view-environment.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { listCountdowns } from '#lib/key-health/list-countdowns.ts'
import type { Countdown, KeyHealthView } from '#lib/key-health/schema.ts'
import { viewKeyHealth } from '#lib/key-health/view-health.ts'
import { askKey } from '#lib/key-holdings/ask-key.ts'
import { viewKeys } from '#lib/key-holdings/list-keys.ts'
import { readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import type { KeyAnswers, KeyQuery, KeysQuery, KeysView, KeyView } from '#lib/key-holdings/schema.ts'
import { viewKey } from '#lib/key-holdings/view-key.ts'
import type { KeyCallsView } from '#lib/kms-calls/schema.ts'
import { viewKeyCalls } from '#lib/kms-calls/view-calls.ts'
import { listNotices } from '#lib/notices/list-notices.ts'
import type { NoticesView } from '#lib/notices/schema.ts'
import type { RewrapDetail, RewrapRow, RewrapSource } from '#lib/rewrap/schema.ts'
import { listRewraps, listSources, viewRewrapDetail } from '#lib/rewrap/view-rewraps.ts'
import type { SchedulesQuery, SchedulesView } from '#lib/schedules/schema.ts'
import { viewSchedules } from '#lib/schedules/view-schedules.ts'
import { sealSettingsOf } from '#lib/seal/host-settings.ts'
import type { SealPageView } from '#lib/seal/schema.ts'
import { credentialsOf as sealCredentialsOf } from '#lib/seal/seal-access.ts'
import { rootKeyStatus } from '#lib/seal/seal-status.ts'
import { valuesOf } from '#lib/seal/view-seal.ts'
import type { ShredAhead } from '#lib/shred/schema.ts'
import { viewShredAhead } from '#lib/shred/view-shreds.ts'
import { getConsole } from './console.ts'
import { requireUser } from './session.ts'

// What pages show. Each checks session and permission itself.

export async function loadShell(): Promise<{
  user: SessionUser
  sandbox: boolean
  unencrypted: boolean
  backups: number
  notices: NoticesView
  countdowns: Countdown[]
  alerts: OpenAlerts
  shredAhead: ShredAhead | null
}> {
  const user = await requireUser('backup.read')
  const { db, env } = await getConsole()
  const [{ revision }, backups, countdowns, alerts, notices, shredAhead] = await Promise.all([
    currentEnvironment(db),
    db.backup.count(),
    listCountdowns(db, new Date(), keyFacts),
    viewOpenAlerts(db),
    can(user.role, 'environment.change') ? listNotices(db, user) : { rows: [], more: 0 },
    can(user.role, 'backup.shred') ? viewShredAhead(db) : null,
  ])
  const unencrypted = revision?.method === 'none'
  return { user, sandbox: env.aws === 'sandbox', unencrypted, backups, notices, countdowns, alerts, shredAhead }
}

export async function loadAlerts(): Promise<AlertsView> {
  await requireUser('alerts.change')
  return viewAlerts((await getConsole()).backup)
}

/** What the watch has stored of a key, and what KMS was called for. Asks no key. */
export async function loadKeyHealth(arn: string): Promise<{ health: KeyHealthView; calls: KeyCallsView }> {
  await requireUser('backup.read')
  const { backup } = await getConsole()
  const [health, calls] = await Promise.all([viewKeyHealth(backup, arn), viewKeyCalls(backup, arn)])
  return { health, calls }
}

/** @param restoring the older revision to start from */
export async function loadEnvironment(restoring?: number): Promise<EnvironmentView> {
  await requireUser('environment.read')
  const { backup, offered } = await getConsole()
  return viewEnvironment(backup, await offered(), restoring)
}

export async function loadEnvironmentGlance(): Promise<EnvironmentGlanceView> {
  await requireUser('environment.read')
  return viewAtAGlance((await getConsole()).backup)
}

/** Asks AWS STS who the caller is: it takes as long as AWS does, so nothing else of a page should wait for it. */
export async function loadEffectiveConfiguration(): Promise<EffectiveConfiguration | undefined> {
  await requireUser('environment.read')
  const { backup, env } = await getConsole()
  const { active } = sealSettingsOf({ configFile: env.configFile, variables: env.sealVariables })
  const sealCredentials =
    active.type === 'awskms' ? sealCredentialsOf(active.settings, backup.own.credentials) : undefined
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

/** A page of a backup's files; undefined when there is no such backup or folder, `problem` when its list cannot be read. */
export async function loadFiles(
  id: string,
  { in: folderId, text, after: afterId }: BrowseQuery,
): Promise<{ name: string; view: BrowseView } | { name: string; problem: string } | undefined> {
  await requireUser('backup.read')
  const { backup, browsed } = await getConsole()
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await backup.db.backup.findUnique({ where: { id }, select: { name: true } })
  if (!row) return undefined
  const folder = folderId === undefined ? '.' : pathOfId(folderId)
  const after = afterId === undefined ? undefined : pathOfId(afterId)
  try {
    const { index, release } = await browsed.open(id)
    try {
      const wish = { after, limit: 100 }
      const page = text === undefined ? await listFolder(index, folder, wish) : await searchFiles(index, text, wish)
      return { name: row.name, view: { folders: crumbs(folder), ...page } }
    } finally {
      release()
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'not-found' && folder !== '.') return undefined
    return { name: row.name, problem: messageOf(error) }
  }
}

export async function loadAudit(query: AuditQuery): Promise<{ view: AuditView; state: AuditState }> {
  await requireUser('audit.read')
  const { db, backup } = await getConsole()
  const [view, state] = await Promise.all([listAuditEvents(db, query), viewAuditState(backup)])
  return { view, state }
}

export async function setupOpen(token: string | undefined): Promise<'open' | 'bad-token' | 'done'> {
  const { db } = await getConsole()
  return setupState(db, token)
}

export async function loadSchedules(query: SchedulesQuery): Promise<{
  view: SchedulesView
  sources: BackupsView['sources']
  hasEnvironment: boolean
}> {
  await requireUser('backup.read')
  const { backup, db } = await getConsole()
  const [view, sources, { revision }] = await Promise.all([
    viewSchedules(backup, query),
    offeredPlaces(backup),
    currentEnvironment(db),
  ])
  return { view, sources, hasEnvironment: revision !== undefined }
}

/** What this process has open; byok seal status tries it anew. */
export async function loadSeal(): Promise<SealPageView> {
  await requireUser('seal.read')
  const { db, env, seal, backup } = await getConsole()
  const { active } = sealSettingsOf({ configFile: env.configFile, variables: env.sealVariables })
  const [rootKeys, health] = await Promise.all([
    rootKeyStatus(db),
    seal.keys ? viewKeyHealth(backup, seal.keys.keyArn) : null,
  ])
  return {
    status: 'unsealed',
    type: seal.mechanism,
    keyArn: seal.keyId,
    error: null,
    remedies: [],
    configuration: active.type === 'awskms' ? await valuesOf(active.settings, backup) : [],
    rootKeys,
    health,
  }
}

/** A page and the shell around it read it once: it goes through every backup. */
const keyFacts = cache(async () => readKeyFacts((await getConsole()).db))

export async function loadKeys(query: KeysQuery): Promise<KeysView> {
  await requireUser('backup.read')
  return viewKeys((await getConsole()).db, query, keyFacts)
}

/** Undefined when nothing ever named such a key. */
export async function loadKey(arn: string, query: KeyQuery): Promise<KeyView | undefined> {
  await requireUser('backup.read')
  return viewKey((await getConsole()).db, arn, query, keyFacts)
}

/** Asks KMS: not to be waited for by a page. */
export async function loadKeyAnswers(arn: string, aliases: readonly string[]): Promise<KeyAnswers> {
  await requireUser('backup.read')
  return askKey((await getConsole()).backup, arn, aliases)
}

export async function loadRewraps(): Promise<{
  runs: RewrapRow[]
  sources: RewrapSource[]
  offered: Offered['keys']
}> {
  await requireUser('backup.read')
  const { db, offered } = await getConsole()
  const [runs, sources, { keys }] = await Promise.all([listRewraps(db), listSources(db), offered()])
  return { runs, sources, offered: keys }
}

export async function loadRewrap(id: string): Promise<RewrapDetail | undefined> {
  await requireUser('backup.read')
  return viewRewrapDetail((await getConsole()).db, id)
}
