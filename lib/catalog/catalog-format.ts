import { z } from 'zod'
import { type BackupIdentity, backupKeyContext, FORMAT } from '#lib/backup/encryption-context.ts'
import { encodeJsonLines, readJsonLines } from '#lib/backup/json-lines.ts'
import { environmentFolder } from '#lib/backup/layout.ts'
import { AppError } from '#lib/errors.ts'

// A console's own records of its complete backups, as it leaves them in the bucket: lines of JSON, one zstd frame,
// encrypted like a manifest. docs/format.md describes it.

const iso = z.iso.datetime()
const sha256 = z.hex().length(64)
const count = z.int().min(0)

const headSchema = z.object({
  type: z.literal('catalog'),
  format: z.literal(FORMAT),
  installation: z.uuid(),
  environment: z.uuid(),
  exportedAt: iso,
})

/** One save of the settings, without secrets: for the person who sets up a new console. */
const revisionSchema = z.object({
  type: z.literal('revision'),
  number: z.int().min(1),
  region: z.string(),
  method: z.string(),
  masterKey: z.string().nullable(),
  keyArn: z.string().nullable(),
  furtherKeys: z.array(z.string()),
  hosted: z.boolean(),
  label: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  credentials: z.string(),
  roleArn: z.string().nullable(),
  createdAt: iso,
  createdBy: z.string(),
})
export type CatalogRevision = z.infer<typeof revisionSchema>

const backupSchema = z.object({
  type: z.literal('backup'),
  id: z.uuid(),
  installation: z.uuid(),
  environment: z.uuid(),
  revision: z.int().min(1),
  name: z.string(),
  source: z.string(),
  sourceKind: z.enum(['folder', 'file', 'stream']),
  host: z.string(),
  region: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  method: z.enum(['AWS-KMS', 'AES-256', 'none']),
  keyIds: z.array(z.string().max(2048)),
  generation: count,
  envelopeSha256: sha256.nullable(),
  manifestSha256: sha256,
  manifestSize: count.nullable(),
  attempt: count,
  bytes: count.nullable(),
  bytesStored: count.nullable(),
  files: count.nullable(),
  warningCount: count,
  createdAt: iso,
  createdBy: z.string(),
  startedAt: iso.nullable(),
  finishedAt: iso.nullable(),
})
export type CatalogBackup = z.infer<typeof backupSchema>

const endSchema = z.object({ type: z.literal('end'), revisions: count, backups: count })

export interface Catalog {
  readonly installation: string
  readonly environment: string
  /** ISO 8601, UTC */
  readonly exportedAt: string
  /** Oldest first. */
  readonly revisions: readonly CatalogRevision[]
  readonly backups: readonly CatalogBackup[]
}

export function encodeCatalog({ revisions, backups, ...head }: Catalog): Buffer {
  return encodeJsonLines([
    { type: 'catalog', format: FORMAT, ...head },
    ...revisions,
    ...backups,
    { type: 'end', revisions: revisions.length, backups: backups.length },
  ])
}

/** Throws AppError `integrity` on anything but a whole catalogue of exactly this installation and environment. */
export function parseCatalog(bytes: Buffer, of: Pick<Catalog, 'installation' | 'environment'>): Catalog {
  const bad = (what: string, cause?: unknown) => new AppError('integrity', `The catalogue ${what}`, { cause })
  const { head, end, lines, parse } = readJsonLines(bytes, { head: headSchema, end: endSchema }, bad)
  const { installation, environment, exportedAt } = head
  if (installation !== of.installation || environment !== of.environment)
    throw bad(`belongs elsewhere: to installation ${installation}, environment ${environment}.`)
  if (lines.length !== end.revisions + end.backups) throw bad('is not whole.')
  return {
    installation,
    environment,
    exportedAt,
    revisions: lines.slice(0, end.revisions).map((line) => parse(revisionSchema, line)),
    backups: lines.slice(end.revisions).map((line) => parse(backupSchema, line)),
  }
}

/** `20260131T120000000Z`: the name of a catalogue, and its place in time. */
export function catalogTime(at: Date): string {
  return at.toISOString().replace(/[-:.]/g, '')
}

/** `<prefix>/<environment>/catalog/`; below it a folder for each time, with `envelope.json` and, written last, `catalog`. */
export function catalogsFolder(place: Pick<BackupIdentity, 'prefix' | 'environment'>): string {
  return `${environmentFolder(place)}/catalog/`
}

/** A catalogue’s key is wrapped like a backup’s; no backup has an ID like this. */
export const catalogId = (time: string) => `catalog-${time}`
export const catalogContext = (identity: BackupIdentity) => ({ ...backupKeyContext(identity), purpose: 'catalog' })
export const CATALOG = 'catalog'
