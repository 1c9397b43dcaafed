import { createHash } from 'node:crypto'
import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { ShredPreview, ShredSelection } from './schema.ts'

const shown = 500
const told = 100
/** Longer names nobody types. */
const longestName = 60

/** A backup that can be shredded. */
export interface Chosen {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly host: string
  readonly bytes: bigint | null
  readonly files: number | null
  readonly createdAt: Date
}

interface Selected {
  readonly chosen: readonly Chosen[]
  readonly leftOut: ShredPreview['leftOut']
}

/** The set that a selection means at this moment, oldest first. Throws AppError `not-found` for an ID that is none. */
export async function selectBackups(tx: Tx, selection: ShredSelection): Promise<Selected> {
  const { id, schedule, key, before } = selection
  const rows = await tx.backup.findMany({
    where: {
      ...(id && { id: { in: id } }),
      ...(schedule && { scheduleId: schedule }),
      ...(key && { keyIds: { has: key } }),
      ...(before && { createdAt: { lt: new Date(`${before}T00:00:00Z`) } }),
      // What never was a backup need not be told; what was named is told whatever it is.
      ...(!id && { state: 'complete' as const }),
    },
    orderBy: { id: 'asc' },
    select: {
      id: true,
      name: true,
      source: true,
      host: true,
      bytes: true,
      files: true,
      createdAt: true,
      state: true,
      method: true,
    },
  })
  if (rows.length === 0 && id?.length === 1) throw new AppError('not-found', `There is no backup ${id[0]}.`)
  const pending = new Set(
    (
      await tx.shredItem.findMany({
        where: {
          shred: { state: { in: ['waiting', 'running'] } },
          ...(rows.length <= 1000 && { backupId: { in: rows.map((row) => row.id) } }),
        },
        select: { backupId: true },
      })
    ).map(({ backupId }) => backupId),
  )
  const chosen: Chosen[] = []
  const leftOut: { id: string; name: string; why: string }[] = []
  for (const { state, method, ...row } of rows) {
    const why = pending.has(row.id)
      ? 'It is in a request to shred already.'
      : state !== 'complete'
        ? `It is ${state}, not complete.`
        : method === 'none'
          ? 'It is not encrypted, so no key can be destroyed. Delete it instead.'
          : undefined
    if (why === undefined) chosen.push(row)
    else leftOut.push({ id: row.id, name: row.name, why })
  }
  return { chosen, leftOut }
}

/** What exactly would be lost. */
export async function previewShred(tx: Tx, selection: ShredSelection): Promise<ShredPreview> {
  const { chosen, leftOut } = await selectBackups(tx, selection)
  const last = await lastOf(tx, chosen)
  return {
    backups: chosen
      .slice(-shown)
      .reverse()
      .map(({ id, name, source, bytes, files, createdAt }) => ({
        id,
        name,
        source,
        files,
        bytes: bytes === null ? null : Number(bytes),
        createdAt: createdAt.toISOString(),
      })),
    count: chosen.length,
    bytes: chosen.reduce((sum, { bytes }) => sum + Number(bytes ?? 0n), 0),
    lastOf: last.slice(0, told),
    lastOfCount: last.length,
    leftOut: leftOut.slice(0, told),
    leftOutCount: leftOut.length,
    digest: digestOf(chosen),
    name: nameToType(chosen),
  }
}

/** Sources that would have no restore point any more. */
async function lastOf(tx: Tx, chosen: readonly Chosen[]): Promise<ShredPreview['lastOf']> {
  const place = ({ source, host }: { source: string; host: string }) => JSON.stringify([host, source])
  const mine = new Map<string, number>()
  for (const one of chosen) mine.set(place(one), (mine.get(place(one)) ?? 0) + 1)
  const all = await tx.backup.groupBy({
    by: ['source', 'host'],
    where: { state: 'complete', source: { in: [...new Set(chosen.map(({ source }) => source))] } },
    _count: true,
    orderBy: [{ source: 'asc' }, { host: 'asc' }],
  })
  return all.filter((one) => mine.get(place(one)) === one._count).map(({ source, host }) => ({ source, host }))
}

export function digestOf(chosen: readonly { readonly id: string }[]): string {
  return createHash('sha256')
    .update(chosen.map(({ id }) => id).join('\n'))
    .digest('hex')
}

/** The name that all of them have, as those of a schedule do; otherwise how many they are. */
export function nameToType(chosen: readonly { readonly name: string }[]): string {
  const names = new Set(chosen.map(({ name }) => name))
  const [name = ''] = names
  if (names.size === 1 && name !== '' && name.length <= longestName && name === name.trim()) return name
  return `${chosen.length} ${chosen.length === 1 ? 'backup' : 'backups'}`
}
