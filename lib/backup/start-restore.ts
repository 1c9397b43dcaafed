import { hostname } from 'node:os'
import path from 'node:path'
import type { Overwrite } from '#lib/archive/overwrite.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { idAndTime } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { chooseHost } from '#lib/jobs/choose-host.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import { restoreSubject } from './audit-subject.ts'
import type { BackupContext } from './backup-context.ts'
import { mustStayComplete } from './delete-backup.ts'
import { resolveTarget } from './folders.ts'
import { Selection } from './select-entries.ts'

export interface RestoreWish {
  readonly backupId: string
  readonly target: string
  /** Paths and patterns, as `Selection` takes them; empty: everything. */
  readonly paths?: readonly string[]
  /** What becomes of files that are there; undefined: the target must be new or empty. */
  readonly overwrite?: Overwrite | undefined
}

/** Makes the row, the audit row and the job in one transaction; a worker does the rest. Returns the restore's ID. */
export async function startRestore(
  context: BackupContext,
  wish: RestoreWish,
  from: 'page' | 'host',
  actor: string,
): Promise<string> {
  const { folder, host } = await placeRestore(context, wish, from)
  const { backupId, paths = [], overwrite } = wish
  return context.db.$transaction(async (tx) => {
    await mustStayComplete(tx, backupId)
    const { id } = await tx.restore.create({
      data: {
        ...(await idAndTime(tx)),
        backupId,
        target: folder,
        host,
        paths: [...paths],
        overwrite: overwrite ?? null,
        createdBy: actor,
      },
      select: { id: true },
    })
    await recordAudit(tx, {
      actor,
      action: 'restore.start',
      outcome: 'success',
      subject: restoreSubject({ backupId, target: folder }),
      changes: {
        ...(paths.length > 0 && { paths: [null, paths.join('\n').slice(0, 4000)] }),
        ...(overwrite && { overwrite: [null, overwrite] }),
      },
    })
    await enqueue(context.jobs, tx, 'restore', id, { host })
    return id
  })
}

/** Where it goes, if it can be started at all. Makes nothing but a restore root that is not there. */
export async function placeRestore(
  context: BackupContext,
  { backupId, target, paths = [], overwrite }: RestoreWish,
  from: 'page' | 'host',
): Promise<{ folder: string; host: string }> {
  const backup = await context.db.backup.findUnique({ where: { id: backupId }, select: { state: true } })
  if (!backup) throw new AppError('not-found', `There is no backup ${backupId}.`)
  if (backup.state !== 'complete')
    throw new AppError('invalid', `Backup ${backupId} is ${backup.state}, so there is nothing to restore.`)
  // Said now rather than by the worker.
  if (paths.length > 0) new Selection(paths)
  return placeTarget(context, target, overwrite !== undefined, from)
}

async function placeTarget(
  context: BackupContext,
  target: string,
  existing: boolean,
  from: 'page' | 'host',
): Promise<{ folder: string; host: string }> {
  const here = hostname()
  const named = from === 'page' ? path.resolve(context.restoreRoots[0] ?? '/', target) : path.resolve(target)
  const host = await chooseHost(context.db, { folder: named, roots: 'restoreRoots', host: '', from })
  return host === here ? { folder: resolveTarget(context, target, from, existing), host } : { folder: named, host }
}
