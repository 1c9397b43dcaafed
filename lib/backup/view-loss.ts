import { z } from 'zod'
import { messageOf } from '#lib/errors.ts'
import { minuteText } from '#lib/time-text.ts'
import type { BackupContext } from './backup-context.ts'
import { damagedBackups } from './damaged-backups.ts'
import { refusalOf } from './delete-backup.ts'
import { restoresToTidy } from './restores-to-tidy.ts'
import type { Loss } from './schema.ts'

/** What deleting this backup would take away, for whoever is about to; undefined when there is no such backup. */
export async function viewLoss({ db }: Pick<BackupContext, 'db'>, id: string): Promise<Loss | undefined> {
  const row =
    z.uuid().safeParse(id).success && (await db.backup.findUnique({ where: { id }, omit: { envelope: true } }))
  if (!row) return undefined
  const refusal = await refusalOf(db, row)
  const left = (await restoresToTidy(db, id))
    .filter(({ abandoned }) => abandoned)
    .map(
      ({ host, target }) =>
        `What a cancelled restore left on ${host}, in hidden folders beside ${target}, stays there: no worker of ${host} is running. Start one there first, or delete it by hand.`,
    )
  const when = minuteText(row.createdAt)
  if (row.state !== 'complete')
    return {
      refusal: refusal ? messageOf(refusal) : null,
      sentences: [`“${row.name}” of ${when} is ${row.state}: it holds nothing that could be restored.`, ...left],
    }
  const ofSource = { source: row.source, host: row.host, environmentId: row.environmentId, state: 'complete' as const }
  const others = await db.backup.findMany({ where: { ...ofSource, id: { not: id } }, select: { id: true } })
  const damaged = await damagedBackups(db, [id, ...others.map((other) => other.id)])
  const whole = others.filter((other) => !damaged.has(other.id))
  const sentences = [
    `“${row.name}” of ${when}, with ${(row.files ?? 0).toLocaleString('en-US')} ${row.files === 1 ? 'file' : 'files'} of ${row.source}, is lost for good: neither this console nor the key brings it back.`,
  ]
  if (damaged.has(id)) sentences.push('It is known to be damaged.')
  else if (whole.length === 0)
    sentences.push(
      `It is the only restore point of ${row.source}${others.length > 0 ? ' that is not known to be damaged' : ''}.`,
    )
  else if (whole.every((other) => other.id < id))
    sentences.push(
      `It is the newest restore point of ${row.source}. ${whole.length} older ${whole.length === 1 ? 'one remains' : 'ones remain'}.`,
    )
  return { refusal: refusal ? messageOf(refusal) : null, sentences: [...sentences, ...left] }
}
