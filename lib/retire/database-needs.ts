import { count } from '#lib/count-text.ts'
import type { Tx } from '#lib/db.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import type { RetireReport } from './schema.ts'

type Need = RetireReport['needs'][number]

/** What the database alone says: settings, schedules, seal, and older revisions. Backups are another matter. */
export async function databaseNeeds(
  db: Tx,
  key: string,
): Promise<{ needs: Need[]; revisions: number[]; sealedValues: number }> {
  const needs: Need[] = []
  const { id: environmentId, revision } = await currentEnvironment(db)
  if (revision && keyArnsOf(revision).includes(key)) {
    needs.push({
      what: 'Backup Environment',
      why: `Revision ${revision.number}, which is in force, wraps new backups under it.`,
    })
    const schedules = await db.schedule.count({ where: { enabled: true } })
    if (schedules > 0)
      needs.push({
        what: 'Schedules',
        why: `${schedules} ${schedules === 1 ? 'schedule makes' : 'schedules make'} backups with that environment.`,
      })
  }
  const wrapped = await db.rootKeyWrap.findMany({ where: { keyId: key }, select: { rootKeyId: true } })
  if (wrapped.length > 0) {
    const ids = wrapped.map(({ rootKeyId }) => rootKeyId)
    const values = await db.sealedValue.count({ where: { rootKeyId: { in: ids } } })
    const backups = await db.backup.count({ where: { state: 'complete', keyIds: { hasSome: ids } } })
    needs.push({
      what: 'Seal',
      why: `It wraps ${count(ids.length, 'root key')} of this console, and with them ${count(values, 'secret')} and ${count(backups, 'backup')} of method AES-256.`,
    })
  }
  const older = await db.environmentRevision.findMany({
    where: { environmentId, ...(revision && { number: { lt: revision.number } }) },
    orderBy: { number: 'asc' },
    select: { number: true, keyArn: true, furtherKeys: true },
  })
  return {
    needs,
    revisions: older.filter((one) => keyArnsOf(one).includes(key)).map(({ number }) => number),
    sealedValues: await db.sealedValue.count(),
  }
}
