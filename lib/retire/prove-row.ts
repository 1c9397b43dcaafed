import type { BackupContext, BackupPlace } from '#lib/backup/backup-context.ts'
import { backupFolder } from '#lib/backup/layout.ts'
import type { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { isUnderWay, underWayStates } from '#lib/backup/under-way-schema.ts'
import type { Db } from '#lib/db.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { readCurrent } from './read-place.ts'

const page = 500

/** What a proof looks at of a backup's row. */
export interface ProvenRow extends BackupPlace {
  readonly name: string
  readonly state: string
  readonly keyIds: readonly string[]
  readonly nextKeyIds: readonly string[]
  readonly envelopeSha256: string | null
  readonly nextEnvelopeSha256: string | null
}

const columns = {
  id: true,
  environmentId: true,
  revision: true,
  region: true,
  bucket: true,
  prefix: true,
  name: true,
  state: true,
  keyIds: true,
  nextKeyIds: true,
  envelopeSha256: true,
  nextEnvelopeSha256: true,
} as const

/** All backups that have a key, a page at a time. */
export async function* rowsOf(db: Db): AsyncGenerator<ProvenRow[]> {
  for (let after = ''; ; ) {
    const rows = await db.backup.findMany({
      where: { method: { not: 'none' }, ...(after && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: page,
      select: columns,
    })
    const last = rows.at(-1)
    if (!last) return
    after = last.id
    yield rows
  }
}

/** Backups that the key opens, or will: what the rows alone say. */
export async function rowsUnder(db: Db, key: string): Promise<Pick<ProvenRow, 'id' | 'name'>[]> {
  const rows = await db.backup.findMany({
    where: {
      OR: [
        { state: 'complete', OR: [{ keyIds: { has: key } }, { nextKeyIds: { has: key } }] },
        { state: { in: [...underWayStates] }, method: { not: 'none' } },
      ],
    },
    select: columns,
  })
  const under = await Promise.all(rows.map(async (row) => row.state === 'complete' || isMadeUnder(db, row, key)))
  return rows.filter((_, index) => under[index])
}

export interface RowVerdict {
  /** Why it needs the key, or cannot be said not to. */
  readonly why: string | undefined
  /** Its envelope was read back and does not name the key. */
  readonly readBack: boolean
  readonly lookAtVersions: boolean
}

export async function judgeRow(
  { db }: Pick<BackupContext, 'db'>,
  reaches: SharedReaches,
  row: ProvenRow,
  key: string,
): Promise<RowVerdict> {
  const needs = (why: string) => ({ why, readBack: false, lookAtVersions: false })
  if (isUnderWay(row)) {
    if (await isMadeUnder(db, row, key)) return needs(`It is ${row.state}, and is being made under this key.`)
    return { why: undefined, readBack: false, lookAtVersions: false }
  }
  // Nothing can be restored from it any more; what is left of it in the bucket is old at best.
  if (row.state !== 'complete') return { why: undefined, readBack: false, lookAtVersions: true }
  if (row.keyIds.includes(key))
    return needs(row.keyIds.length === 1 ? 'Nothing else opens it.' : 'It is one of the keys that open it.')
  if (row.nextKeyIds.includes(key)) return needs('Its keys are being exchanged, and this is one of the new ones.')
  try {
    const connection = await reaches.connect(row)
    const { prefix, environmentId: environment, id: backup } = row
    const current = await readCurrent(connection, backupFolder({ environment, backup, prefix }))
    if (!current) return needs('Its envelope is not in the bucket.')
    if (current.keyIds.includes(key))
      return needs('Its envelope in the bucket still names it, though the database does not.')
    if (!(await isOurs(db, row, current.sha256)))
      return needs('Its envelope in the bucket is not the one that this console wrote.')
    return { why: undefined, readBack: true, lookAtVersions: true }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return needs(`Its envelope could not be looked at: ${messageOf(error)}`)
  }
}

/** Its keys may have been exchanged since the row was read. */
async function isOurs(db: Db, row: ProvenRow, sha256: string): Promise<boolean> {
  const fits = (one: Pick<ProvenRow, 'envelopeSha256' | 'nextEnvelopeSha256'> | null) =>
    sha256 === one?.envelopeSha256 || sha256 === one?.nextEnvelopeSha256
  return fits(row) || fits(await db.backup.findUnique({ where: { id: row.id }, select: columns }))
}

/** Before its first envelope a backup is bound to the keys of the revision that it was started with. */
async function isMadeUnder(db: Db, { keyIds, environmentId, revision: number }: ProvenRow, key: string) {
  if (keyIds.length > 0) return keyIds.includes(key)
  const row = await db.environmentRevision.findUnique({ where: { environmentId_number: { environmentId, number } } })
  return row !== null && keyArnsOf(row).includes(key)
}
