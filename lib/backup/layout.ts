import { AppError } from '#lib/errors.ts'
import type { BackupIdentity } from './encryption-context.ts'

/** Parts of object names are kept to what needs no escaping anywhere. */
const namePart = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

type Place = Pick<BackupIdentity, 'prefix' | 'environment'>

/** `<prefix>/<environment>`, below which everything of an environment lies. Without a slash in front when the prefix is empty. */
export function environmentFolder({ prefix, environment }: Place): string {
  return prefix === '' ? environment : `${prefix}/${environment}`
}

/** `<prefix>/<environment>/backups/`: holds a folder for each backup, called by its ID. */
export function backupsFolder(place: Place): string {
  return `${environmentFolder(place)}/backups/`
}

/** `<prefix>/<environment>/backups/<backup>/`. Throws AppError `invalid`. */
export function backupFolder({ prefix, environment, backup }: Omit<BackupIdentity, 'installation'>): string {
  for (const id of [environment, backup])
    if (!namePart.test(id)) throw new AppError('invalid', `"${id}" cannot be part of an object's name.`)
  return `${backupsFolder({ prefix, environment })}${backup}/`
}

// Names below are relative to the backup's folder.
export const ENVELOPE = 'envelope.json'
export const MANIFEST = 'manifest'

/** What a backup stores in parts: `segment` = a piece of the tar stream, `entries` = a piece of the list of entries. */
export type PartKind = 'segment' | 'entries'

export interface PartPlace {
  readonly kind: PartKind
  /** Which run of the backup wrote it, from 1. */
  readonly attempt: number
  readonly index: number
}

const FOLDERS = { segment: 'segments', entries: 'entries' } as const

export function partName({ kind, attempt, index }: PartPlace): string {
  return `${FOLDERS[kind]}/${attempt}/${index}`
}

/** What sentences call a part, such as `Segment 3 of backup …`. */
export function partTitle({ kind, index }: Pick<PartPlace, 'kind' | 'index'>, backup: string): string {
  return `${kind === 'segment' ? 'Segment' : 'Entry list'} ${index} of backup ${backup}`
}

/** The place that a name stands for, or undefined when it is not exactly one of ours. */
export function parsePartName(name: string): PartPlace | undefined {
  const match = /^(segments|entries)\/([1-9]\d{0,8})\/(0|[1-9]\d{0,8})$/.exec(name)
  if (!match) return undefined
  return { kind: match[1] === 'segments' ? 'segment' : 'entries', attempt: Number(match[2]), index: Number(match[3]) }
}
