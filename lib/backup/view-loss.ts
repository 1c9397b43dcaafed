import { z } from 'zod'
import { messageOf } from '#lib/errors.ts'
import type { BackupContext } from './backup-context.ts'
import { refusalOf } from './delete-backup.ts'
import type { Loss } from './schema.ts'

/** What deleting this backup would take away, for whoever is about to; undefined when there is no such backup. */
export async function viewLoss({ db }: Pick<BackupContext, 'db'>, id: string): Promise<Loss | undefined> {
  const row =
    z.uuid().safeParse(id).success && (await db.backup.findUnique({ where: { id }, omit: { envelope: true } }))
  if (!row) return undefined
  const refusal = await refusalOf(db, row)
  const when = row.createdAt.toISOString().slice(0, 16).replace('T', ' ')
  if (row.state !== 'complete')
    return {
      refusal: refusal ? messageOf(refusal) : null,
      sentences: [`“${row.name}” of ${when} UTC is ${row.state}: it holds nothing that could be restored.`],
    }
  const ofSource = { source: row.source, host: row.host, environmentId: row.environmentId, state: 'complete' as const }
  const [others, newer] = await Promise.all([
    db.backup.count({ where: { ...ofSource, id: { not: id } } }),
    db.backup.findFirst({ where: { ...ofSource, id: { gt: id } }, select: { id: true } }),
  ])
  const sentences = [
    `“${row.name}” of ${when} UTC, with ${(row.files ?? 0).toLocaleString('en-US')} ${row.files === 1 ? 'file' : 'files'} of ${row.source}, is lost for good: neither this console nor the key brings it back.`,
  ]
  if (others === 0) sentences.push(`It is the only restore point of ${row.source}.`)
  else if (!newer) sentences.push(`It is the newest restore point of ${row.source}. ${others} older remain.`)
  return { refusal: refusal ? messageOf(refusal) : null, sentences }
}
