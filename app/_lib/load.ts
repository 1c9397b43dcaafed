import 'server-only'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import type { AuditQuery, AuditView } from '#lib/audit/schema.ts'
import type { SessionUser } from '#lib/auth/schema.ts'
import { setupState } from '#lib/auth/setup.ts'
import type { BackupDetail, BackupQuery, BackupsView } from '#lib/backup/schema.ts'
import { viewBackup, viewBackups } from '#lib/backup/view-backups.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import type { EnvironmentView } from '#lib/environment/schema.ts'
import { viewEnvironment } from '#lib/environment/view-environment.ts'
import { getConsole } from './console.ts'
import { requireUser } from './session.ts'

// What pages show. Each checks session and permission itself.

export async function loadShell(): Promise<{
  user: SessionUser
  sandbox: boolean
  unencrypted: boolean
  backups: number
}> {
  const user = await requireUser('backup.read')
  const { db, env } = await getConsole()
  const [{ revision }, backups] = await Promise.all([currentEnvironment(db), db.backup.count()])
  return { user, sandbox: env.aws === 'sandbox', unencrypted: revision?.method === 'none', backups }
}

export async function loadEnvironment(): Promise<EnvironmentView> {
  await requireUser('environment.read')
  const { backup, offeredKeys } = await getConsole()
  return viewEnvironment(backup, await offeredKeys())
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
