import { type BackupContext, connectBackup } from '#lib/backup/backup-context.ts'
import { keyIdsOf, MAX_ENVELOPE_BYTES } from '#lib/backup/envelope.ts'
import { backupFolder, ENVELOPE } from '#lib/backup/layout.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { AppError, messageOf } from '#lib/errors.ts'

const AT_ONCE = 8
const NEEDS_KEPT = 100

export interface RetireProof {
  readonly key: string
  /** Nothing that was looked at needs the key. */
  readonly safe: boolean
  readonly at: string
  /** Envelopes that were read back from the bucket. */
  readonly envelopes: number
  /** The first 100 of what needs the key, or could not be looked at. */
  readonly needs: readonly { readonly what: string; readonly why: string }[]
  readonly needed: number
  /** What this proof cannot see. */
  readonly beyond: readonly string[]
}

/**
 * Whether anything still needs a key: the saved environment and its schedules, the seal, and every backup, whose
 * envelope is read back from the bucket and not believed from the database alone. Asks no KMS key.
 */
export async function proveRetired(
  context: BackupContext,
  key: string,
  onProgress?: (done: number, total: number) => void,
): Promise<RetireProof> {
  const { db } = context
  const needs: { what: string; why: string }[] = []
  let needed = 0
  const need = (what: string, why: string) => {
    needed += 1
    if (needs.length < NEEDS_KEPT) needs.push({ what, why })
  }
  const { revision } = await currentEnvironment(db)
  if (revision && keyArnsOf(revision).includes(key)) {
    need('Backup Environment', `Revision ${revision.number}, which is in force, wraps new backups under it.`)
    const schedules = await db.schedule.count({ where: { enabled: true } })
    if (schedules > 0) need('Schedules', `${schedules} of them make backups with that environment.`)
  }
  const sealed = await db.rootKeyWrap.count({ where: { keyId: key } })
  if (sealed > 0) need('Seal', `${sealed} root keys are wrapped by it.`)

  const where = { method: { not: 'none' }, state: { notIn: ['failed' as const, 'cancelled' as const] } }
  const total = await db.backup.count({ where })
  let envelopes = 0
  let done = 0
  let after = ''
  for (;;) {
    const rows = await db.backup.findMany({
      where: { ...where, ...(after && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: AT_ONCE * 8,
      omit: { envelope: true, nextEnvelope: true, warnings: true },
    })
    const last = rows.at(-1)
    if (!last) break
    after = last.id
    const waiting = [...rows]
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let row = waiting.shift(); row; row = waiting.shift()) {
          if (row.state !== 'complete') {
            if (row.keyIds.includes(key) || row.keyIds.length === 0)
              need(`Backup ${row.id}`, `It is ${row.state}, and may be under this key.`)
          } else {
            const why = await whyNeeded(context, row, key)
            if (why === undefined) envelopes += 1
            else need(`Backup ${row.id} (${row.name})`, why)
          }
          done += 1
          onProgress?.(done, total)
        }
      }),
    )
  }
  return {
    key,
    safe: needed === 0,
    at: new Date().toISOString(),
    envelopes,
    needs,
    needed,
    beyond: [
      'In a bucket with versioning, old versions of envelopes still open with this key.',
      'Backups of another console, and anything else that was encrypted under this key.',
    ],
  }
}

async function whyNeeded(
  context: BackupContext,
  row: Parameters<typeof connectBackup>[1] & { readonly keyIds: readonly string[] },
  key: string,
): Promise<string | undefined> {
  if (row.keyIds.includes(key))
    return row.keyIds.length === 1 ? 'Nothing else opens it.' : 'It is one of the keys that open it.'
  const connection = await connectBackup(context, row, 'interactive')
  try {
    const bytes = await connection.store.read(backupFolder(connection.identity) + ENVELOPE, MAX_ENVELOPE_BYTES)
    return keyIdsOf(bytes).includes(key)
      ? 'Its envelope in the bucket still names it, though the database does not.'
      : undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return `Its envelope could not be looked at: ${messageOf(error)}`
  } finally {
    connection.close()
  }
}
