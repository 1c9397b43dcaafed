import { z } from 'zod'
import { currentEnvironment } from '#lib/environment/access.ts'
import type { BackupContext } from './backup-context.ts'
import { offeredSources } from './folders.ts'
import {
  type BackupDetail,
  type BackupQuery,
  type BackupRow,
  type BackupsView,
  countsSchema,
  nothingYet,
  type Progress,
} from './schema.ts'

const pageSize = 50
const warningsSchema = z.array(z.object({ path: z.string(), message: z.string() }))
const methodSchema = z.enum(['AWS-KMS', 'AES-256', 'none'])

type ViewContext = Pick<BackupContext, 'db' | 'sourceRoots' | 'restoreRoots'>

export async function viewBackups(context: ViewContext, query: BackupQuery): Promise<BackupsView> {
  const { db } = context
  const filter = {
    ...(query.state && { state: query.state }),
    ...(query.text && {
      OR: [
        { name: { contains: query.text, mode: 'insensitive' as const } },
        { source: { contains: query.text } },
        { keyIds: { has: query.text } },
      ],
    }),
  }
  // IDs are UUIDs of version 7: their order is the order of creation.
  const [rows, active, total, environment, restore] = await Promise.all([
    db.backup.findMany({
      where: { ...filter, ...(query.before && { id: { lt: query.before } }) },
      orderBy: { id: 'desc' },
      take: pageSize + 1,
      omit: heavy,
    }),
    db.backup.findMany({
      where: { state: { in: ['queued', 'running'] } },
      orderBy: { id: 'desc' },
      take: 20,
      omit: heavy,
    }),
    db.backup.count(),
    currentEnvironment(db),
    db.restore.findFirst({ where: { state: 'complete' }, select: { id: true } }),
  ])
  const page = rows.slice(0, pageSize)
  return {
    rows: page.map(rowOf),
    nextBefore: rows.length > pageSize ? (page.at(-1)?.id ?? null) : null,
    active: active.map(rowOf),
    total,
    hasEnvironment: environment.revision !== undefined,
    sources: offeredSources(context),
    restored: restore !== null,
  }
}

const heavy = { envelope: true, warnings: true, progress: true } as const

export async function viewBackup(
  { db, restoreRoots, installation }: Pick<BackupContext, 'db' | 'restoreRoots' | 'installation'>,
  id: string,
): Promise<BackupDetail | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await db.backup.findUnique({
    where: { id },
    omit: { envelope: true },
    include: { restores: { orderBy: { id: 'desc' }, take: 50 } },
  })
  if (!row) return undefined
  return {
    ...rowOf(row),
    bucket: row.bucket,
    region: row.region,
    prefix: row.prefix,
    installation,
    environment: row.environmentId,
    createdBy: row.createdBy,
    restoreRoot: restoreRoots[0] ?? '',
    warningList: warningsSchema.parse(row.warnings),
    restores: row.restores.map((restore) => ({
      id: restore.id,
      target: restore.target,
      state: restore.state,
      error: restore.error,
      files: restore.files,
      bytes: toNumber(restore.bytes),
      createdAt: restore.createdAt.toISOString(),
      finishedAt: restore.finishedAt?.toISOString() ?? null,
    })),
  }
}

/** What a watcher sees; undefined when there is no such backup or restore. */
export async function viewProgress(
  { db }: Pick<ViewContext, 'db'>,
  kind: 'backup' | 'restore',
  id: string,
): Promise<Progress | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const select = { state: true, error: true, progress: true, startedAt: true, finishedAt: true } as const
  const row =
    kind === 'backup'
      ? await db.backup.findUnique({ where: { id }, select })
      : await db.restore.findUnique({ where: { id }, select })
  if (!row) return undefined
  const counts = countsSchema.nullable().parse(row.progress) ?? nothingYet
  return {
    state: row.state,
    ...counts,
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    error: row.error,
  }
}

interface StoredRow {
  id: string
  name: string
  source: string
  state: BackupRow['state']
  error: string | null
  warningCount: number
  bytes: bigint | null
  bytesStored: bigint | null
  files: number | null
  keyIds: string[]
  method: string
  createdAt: Date
  finishedAt: Date | null
}

function rowOf(row: StoredRow): BackupRow {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    state: row.state,
    error: row.error,
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
