import { hostname } from 'node:os'
import { z } from 'zod'
import { currentEnvironment } from '#lib/environment/access.ts'
import { messageOf } from '#lib/errors.ts'
import { hasNoWorker } from '#lib/jobs/choose-host.ts'
import { isRepeatable } from './back-up-again.ts'
import type { BackupContext } from './backup-context.ts'
import { damagedBackups } from './damaged-backups.ts'
import { toBeShredded } from './delete-backup.ts'
import { isLocked, keysThatOpenNothing, keyTroubles, troublesOf } from './key-troubles.ts'
import { type BackupListQuery, isComplete, listed, listRows, pageSize, type StoredRow } from './list-rows.ts'
import { offeredPlaces } from './offered-places.ts'
import { countsSchema, keptIn, nothingYet, type Progress } from './progress-schema.ts'
import { type BackupDetail, type BackupRow, type BackupsView, type JobKind, waitingForSchema } from './schema.ts'
import { underWayStates } from './under-way-schema.ts'
import { verificationRow } from './view-verification.ts'

const warningsSchema = z.array(z.object({ path: z.string(), message: z.string() }))
const methodSchema = z.enum(['AWS-KMS', 'AES-256', 'none'])

type ViewContext = Pick<BackupContext, 'db' | 'sourceRoots' | 'restoreRoots'>

export async function viewBackups(context: ViewContext, query: BackupListQuery): Promise<BackupsView> {
  const { db } = context
  const [{ rows, damaged }, active, environment, restore, sources] = await Promise.all([
    listRows(db, query),
    // Sorted here: PostgreSQL would rather walk through all backups in order than sort the few that are meant.
    db.backup.findMany({ where: { state: { in: [...underWayStates] } }, take: 500, select: listed }),
    currentEnvironment(db),
    db.restore.findFirst({ where: { state: 'complete' }, select: { id: true } }),
    offeredPlaces(context),
  ])
  const page = rows.slice(0, pageSize)
  const openNothing = await keysThatOpenNothing(db, page)
  return {
    rows: page.map((row) => rowOf(row, damaged, openNothing)),
    nextBefore: rows.length > pageSize ? (page.at(-1)?.id ?? null) : null,
    active: active
      .map((row) => rowOf(row))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, 20),
    hasBackups: rows.length > 0 || (await db.backup.findFirst({ select: { id: true } })) !== null,
    hasEnvironment: environment.revision !== undefined,
    sources,
    restored: restore !== null,
  }
}

export async function viewBackup(
  { db, restoreRoots, installation }: Pick<BackupContext, 'db' | 'restoreRoots' | 'installation'>,
  id: string,
): Promise<BackupDetail | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await db.backup.findUnique({
    where: { id },
    omit: { envelope: true, nextEnvelope: true },
    include: {
      environment: { select: { installation: true } },
      restores: { orderBy: { id: 'desc' }, take: 50 },
      verifications: { orderBy: { id: 'desc' }, take: 10 },
    },
  })
  if (!row) return undefined
  const damaged = await damagedBackups(db, isComplete(row) ? [id] : [])
  const troubles = await keyTroubles(db, [row])
  const shredding = await toBeShredded(db, id)
  const { verifications } = row
  if (damaged.has(id) && !verifications.some((one) => isComplete(one) && one.problemCount > 0))
    // What says so is further back, behind quick ones that see no bytes.
    verifications.push(
      ...(await db.backupVerification.findMany({
        where: { backupId: id, state: 'complete', problemCount: { gt: 0 } },
        orderBy: { id: 'desc' },
        take: 1,
      })),
    )
  return {
    ...rowOf(row, damaged, troubles),
    keyTroubles: troublesOf(row, troubles),
    bucket: row.bucket,
    region: row.region,
    prefix: row.prefix,
    installation: row.environment.installation ?? installation,
    environment: row.environmentId,
    createdBy: row.createdBy,
    host: row.sourceKind === 'stream' ? null : elsewhere(row.host),
    repeatable: isRepeatable(row),
    restoreRoot: restoreRoots[0] ?? '',
    toBeShredded: shredding ? messageOf(shredding) : null,
    warningList: warningsSchema.parse(row.warnings),
    restores: row.restores.map((restore) => ({
      id: restore.id,
      target: restore.target,
      host: elsewhere(restore.host),
      paths: restore.paths,
      overwrite: restore.overwrite,
      warningList: warningsSchema.parse(restore.warnings),
      warnings: restore.warningCount,
      state: restore.state,
      error: restore.error,
      files: restore.files,
      bytes: toNumber(restore.bytes),
      kept: keptIn(restore.progress),
      createdAt: restore.createdAt.toISOString(),
      finishedAt: restore.finishedAt?.toISOString() ?? null,
    })),
    verifications: verifications.map(verificationRow),
  }
}

/** What a watcher sees; undefined when there is no such job. */
export async function viewProgress(
  { db }: Pick<ViewContext, 'db'>,
  kind: JobKind,
  id: string,
): Promise<Progress | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await jobRow(db, kind, id)
  if (!row) return undefined
  const counts = countsSchema.nullable().parse(row.progress) ?? nothingYet
  const needsWorker = row.state === 'queued' || row.state === 'running'
  return {
    state: row.state,
    ...counts,
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    error: needsWorker ? await whyNobodyWorks(db, row.host) : row.error,
    waitingFor: waitingForSchema.nullable().parse(row.waitingFor),
    nextTryAt: row.state === 'waiting' ? (row.nextTryAt?.toISOString() ?? null) : null,
  }
}

/** What cannot go on without a worker of another machine, where there is none. */
async function whyNobodyWorks(db: ViewContext['db'], host: string | undefined): Promise<string | null> {
  if (!host || !(await hasNoWorker(db, host))) return null
  return `No worker of ${host} is running. It goes on by itself when one is: start it there, or cancel this.`
}

async function jobRow(db: ViewContext['db'], kind: JobKind, id: string) {
  const times = { startedAt: true, finishedAt: true, nextTryAt: true } as const
  const select = { ...times, state: true, error: true, progress: true, waitingFor: true } as const
  if (kind === 'restore') return db.restore.findUnique({ where: { id }, select: { ...select, host: true } })
  if (kind === 'verification') {
    // Any worker does it.
    const row = await db.backupVerification.findUnique({ where: { id }, select })
    return row && { ...row, host: undefined }
  }
  const row = await db.backup.findUnique({ where: { id }, select: { ...select, host: true, sourceKind: true } })
  // A stream is read by whoever receives it.
  return row && { ...row, host: row.sourceKind === 'stream' ? undefined : row.host }
}

/** Another machine than this one. */
function elsewhere(host: string): string | null {
  return host === '' || host === hostname() ? null : host
}

function rowOf(
  row: StoredRow,
  damaged?: ReadonlySet<string>,
  openNothing: Pick<ReadonlySet<string>, 'has'> = new Set(),
): BackupRow {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    state: row.state,
    damaged: damaged?.has(row.id) ?? false,
    locked: isLocked(row, openNothing),
    error: row.error,
    waitingFor: waitingForSchema.nullable().parse(row.waitingFor),
    warnings: row.warningCount,
    bytes: toNumber(row.bytes),
    bytesStored: toNumber(row.bytesStored),
    files: row.files,
    keyArns: row.keyIds.filter((keyId) => keyId.startsWith('arn:')),
    method: methodSchema.parse(row.method),
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
