import type { RewrapFailureRow } from '#lib/rewrap/schema.ts'

export interface Alike {
  /** Without the ID of the one backup that it was said of. */
  readonly cause: string
  readonly fix: string | null
  readonly backups: readonly Pick<RewrapFailureRow, 'id' | 'name'>[]
}

/** Failures that say the same of several backups, together; in the order in which each was first said. */
export function byCause(failures: readonly RewrapFailureRow[]): Alike[] {
  const groups = Map.groupBy(failures, ({ id, cause, fix }) => JSON.stringify([withoutId(cause, id), fix]))
  return [...groups.values()].flatMap((backups) =>
    backups.slice(0, 1).map(({ id, cause, fix }) => ({ cause: withoutId(cause, id), fix, backups })),
  )
}

/** Nor in the names of its objects. */
const withoutId = (cause: string, id: string) =>
  cause.replaceAll(` of backup ${id}`, '').replaceAll(`backup ${id}`, 'it').replaceAll(`/${id}/`, '/…/')
