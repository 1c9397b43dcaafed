import path from 'node:path'
import { recordAudit } from '#lib/audit/record.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { AppError } from '#lib/errors.ts'
import { enqueue } from '#lib/jobs/queue.ts'
import type { BackupContext } from './backup-context.ts'
import { resolveSource } from './folders.ts'

/** Makes the row, the audit row and the job in one transaction; a worker does the rest. Returns the backup's ID. */
export async function startBackup(
  context: BackupContext,
  { source, name }: { source: string; name: string },
  from: 'page' | 'host',
  actor: string,
): Promise<string> {
  const folder = resolveSource(context, source, from)
  const { id: environmentId, revision } = await currentEnvironment(context.db)
  if (!revision) {
    throw new AppError('invalid', 'No backup environment is set up yet.', {
      fix: 'Save one in Settings > Backup Environment first.',
    })
  }
  return context.db.$transaction(async (tx) => {
    const { id } = await tx.backup.create({
      data: {
        environmentId,
        revision: revision.number,
        name: name || path.basename(folder),
        source: folder,
        region: revision.region,
        bucket: revision.bucket,
        prefix: revision.prefix,
        method: revision.method,
        createdBy: actor,
      },
      select: { id: true },
    })
    await recordAudit(tx, { actor, action: 'backup.start', outcome: 'success', subject: `${folder} (backup ${id})` })
    await enqueue(context.jobs, tx, 'backup', id)
    return id
  })
}
