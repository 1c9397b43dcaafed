import { type Db, literally } from '#lib/db.ts'
import { damagedBackups } from './damaged-backups.ts'
import type { BackupQuery, BackupRow } from './schema.ts'

export const pageSize = 50

/** `stored`: complete ones, damaged or not. */
export type BackupListQuery = Omit<BackupQuery, 'state'> & { readonly state?: BackupQuery['state'] | 'stored' }

export interface StoredRow {
  id: string
  name: string
  source: string
  state: BackupRow['state']
  error: string | null
  waitingFor: string | null
  warningCount: number
  bytes: bigint | null
  bytesStored: bigint | null
  files: number | null
  keyIds: string[]
  nextKeyIds: string[]
  method: string
  createdAt: Date
  finishedAt: Date | null
}

export const isComplete = ({ state }: Pick<StoredRow, 'state'>) => state === 'complete'

/** What a row of a list shows: the rest of it is many times as wide. */
export const listed = {
  id: true,
  name: true,
  source: true,
  state: true,
  error: true,
  waitingFor: true,
  warningCount: true,
  bytes: true,
  bytesStored: true,
  files: true,
  keyIds: true,
  nextKeyIds: true,
  method: true,
  createdAt: true,
  finishedAt: true,
} as const satisfies Record<keyof StoredRow, true>

/** One page, newest first, and at least one row more where there are more. */
export async function listRows(
  db: Db,
  { text, state, before }: BackupListQuery,
): Promise<{ rows: readonly StoredRow[]; damaged: ReadonlySet<string> }> {
  const filter = {
    ...stateFilter(state),
    ...(text && {
      OR: [
        { name: { contains: literally(text), mode: 'insensitive' as const } },
        { source: { contains: literally(text) } },
        { keyIds: { has: text } },
      ],
    }),
  }
  const rows: StoredRow[] = []
  const damaged = new Set<string>()
  for (let after = before, more = true; more && rows.length <= pageSize; ) {
    // IDs are UUIDs of version 7: their order is the order of creation.
    const found = await db.backup.findMany({
      where: { ...filter, ...(after && { id: { lt: after } }) },
      orderBy: { id: 'desc' },
      take: pageSize + 1,
      select: listed,
    })
    const complete = found.filter(isComplete).map(({ id }) => id)
    for (const id of await damagedBackups(db, complete)) damaged.add(id)
    const isDamaged = state === 'damaged'
    const narrowed = isDamaged || state === 'complete'
    rows.push(...found.filter(({ id }) => !narrowed || damaged.has(id) === isDamaged))
    more = found.length > pageSize
    after = found.at(-1)?.id
  }
  return { rows, damaged }
}

/** Of damaged ones all that ever were: whether one still is, its newest verifications say. */
function stateFilter(state: BackupListQuery['state']) {
  if (state === 'stored') return { state: 'complete' as const }
  if (state !== 'damaged') return state && { state }
  const foundProblems = { state: 'complete' as const, problemCount: { gt: 0 } }
  return { state: 'complete' as const, verifications: { some: foundProblems } }
}
