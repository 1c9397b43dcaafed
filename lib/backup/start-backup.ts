import { hostname } from 'node:os'
import path from 'node:path'
import { displayPath, toBytePath } from '#lib/archive/byte-path.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { idAndTime, type Tx } from '#lib/db.ts'
import { type Revision, savedEnvironment } from '#lib/environment/access.ts'
import { chooseHost } from '#lib/jobs/choose-host.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { backupSubject } from './audit-subject.ts'
import type { BackupContext } from './backup-context.ts'
import { mustBeOutsideData, resolveFile, resolveSource } from './folders.ts'
import type { requestOf } from './sent-before.ts'

export interface BackupWish {
  readonly source: string
  readonly name: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** Whose folder it is; empty: found by itself. */
  readonly host?: string
}

/** Makes the row, the audit row and the job in one transaction; a worker does the rest. Returns the backup's ID. */
export async function startBackup(
  context: BackupContext,
  wish: BackupWish,
  from: 'page' | 'host',
  actor: string,
): Promise<string> {
  const { kind, folder, host, environmentId, revision } = await placeBackup(context, wish, from)
  const { name, include, exclude } = wish
  return context.db.$transaction(async (tx) => {
    const source = { kind, path: folder, host, include, exclude } as const
    const id = await createBackupRow(tx, { environmentId, revision, name, source, actor })
    await enqueue(context.jobs, tx, 'backup', id, { host })
    return id
  })
}

/**
 * What would be backed up where, and under which settings. Changes nothing.
 * @throws AppError as `placeSource` and `savedEnvironment` do
 */
export async function placeBackup(context: BackupContext, wish: BackupWish, from: 'page' | 'host') {
  // A single file is of this machine, and only for whoever may run commands on it.
  const file = from === 'host' && !wish.host ? resolveFile(context, wish.source) : undefined
  const place = file === undefined ? await placeSource(context, wish, from) : { folder: file, host: hostname() }
  const kind = file === undefined ? ('folder' as const) : ('file' as const)
  const { environmentId, revision } = await savedEnvironment(context.db)
  return { kind, ...place, environmentId, revision }
}

/**
 * Which folder of which host is meant. One on this machine has its links resolved; the worker of another looks itself.
 * @throws AppError as `resolveSource` and `chooseHost` do
 */
export async function placeSource(
  context: BackupContext,
  { source, host = '' }: Pick<BackupWish, 'source' | 'host'>,
  from: 'page' | 'host',
): Promise<{ folder: string; host: string }> {
  const here = hostname()
  const named = path.resolve(source)
  const chosen = await chooseHost(context.db, { folder: named, roots: 'sourceRoots', host, from })
  if (chosen === here) return { folder: resolveSource(context, source, from), host: here }
  mustBeOutsideData(context, named)
  return { folder: named, host: chosen }
}

export interface NewBackup {
  readonly environmentId: string
  readonly revision: Revision
  /** Empty: the last part of the source's path. */
  readonly name: string
  readonly source: {
    readonly kind: 'folder' | 'file' | 'stream'
    /** What a stream is called, where it came from. */
    readonly path: string
    readonly host: string
    readonly include?: readonly string[] | undefined
    readonly exclude?: readonly string[] | undefined
  }
  readonly scheduleId?: string
  /** By which the same upload is known when it is sent again. */
  readonly request?: ReturnType<typeof requestOf>
  readonly actor: string
}

/** What a backup of it is called where nobody says: what a typed name may not hold, as it turns other words round, is escaped. */
export function nameAfter(source: string): string {
  return displayPath(toBytePath(path.basename(source) || source))
}

/**
 * The row and its audit row. A row of kind `stream` gets no job: the process that receives the bytes runs it itself.
 * @returns the backup's ID
 */
export async function createBackupRow(tx: Tx, wish: NewBackup): Promise<string> {
  const { environmentId, revision, name, source, scheduleId, request, actor } = wish
  const { id, createdAt } = await idAndTime(tx)
  await tx.backup.create({
    data: {
      id,
      createdAt,
      environmentId,
      revision: revision.number,
      name: name || nameAfter(source.path),
      source: source.path,
      sourceKind: source.kind,
      include: [...(source.include ?? [])],
      exclude: [...(source.exclude ?? [])],
      host: source.host,
      ...(scheduleId !== undefined && { scheduleId }),
      ...request,
      ...(source.kind === 'stream' && { seenAt: createdAt }),
      region: revision.region,
      bucket: revision.bucket,
      prefix: revision.prefix,
      method: revision.method,
      createdBy: actor,
    },
  })
  const subject = backupSubject({ id, source: source.path })
  await recordAudit(tx, { actor, action: 'backup.start', outcome: 'success', subject })
  return id
}
