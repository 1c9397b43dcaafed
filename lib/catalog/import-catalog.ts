import { recordAudit } from '#lib/audit/record.ts'
import { type BackupContext, type Connection, connectBackup } from '#lib/backup/backup-context.ts'
import { sha256Of } from '#lib/backup/codec.ts'
import { MAX_ENVELOPE_BYTES } from '#lib/backup/envelope.ts'
import { backupFolder, ENVELOPE, MANIFEST } from '#lib/backup/layout.ts'
import { bytesText } from '#lib/bytes-text.ts'
import type { Tx } from '#lib/db.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import type { CatalogBackup, CatalogRevision } from './catalog-format.ts'
import { type CatalogPlace, readCatalog } from './read-catalog.ts'

// 1. Open the catalogue with the person's key. 2. Compare each of its backups with the row of the same ID, if there is one.
// 3. Look in the bucket whether manifest and envelope of each that is to be added or brought up to date are there and are
//    those that the catalogue names, and by one listing whether there is as much data as there was.
// 4. Insert those, and bring rows up to date whose keys were changed after they were written; all in one transaction.

export interface ImportedCatalog {
  readonly time: string
  /** ISO 8601, UTC */
  readonly exportedAt: string
  readonly installation: string
  readonly environment: string
  /** The newest settings it holds. */
  readonly settings: CatalogRevision | undefined
  readonly added: readonly string[]
  /** Known here, with older keys. */
  readonly updated: readonly string[]
  readonly unchanged: number
  /** Newer here than in the catalogue; left as they are. */
  readonly newerHere: readonly string[]
  /** Left as they are, and why. */
  readonly conflicts: readonly { readonly id: string; readonly reason: string }[]
  /** Not taken in: their data is not in the bucket, and why. */
  readonly missing: readonly { readonly id: string; readonly reason: string }[]
  /** Of those that are added: less data is in the bucket than was stored, or that cannot be seen. What is there can be restored. */
  readonly incomplete: readonly { readonly id: string; readonly reason: string }[]
}

interface Plan {
  add: CatalogBackup[]
  update: CatalogBackup[]
  unchanged: number
  newerHere: string[]
  conflicts: { id: string; reason: string }[]
}

/**
 * Takes over another console's records, or this one's own after its database was lost or put back.
 * @param dryRun finds out everything and changes nothing
 * Throws as `readCatalog` does, and AppError `conflict` when an environment's ID belongs to two installations.
 */
export async function importCatalog(
  context: BackupContext,
  place: CatalogPlace,
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<ImportedCatalog> {
  const { db } = context
  const { catalog, time } = await readCatalog(context, place)
  const planned = await compare(db, catalog.backups)
  const { found, missing, incomplete } = await lookFor(context, [...planned.add, ...planned.update])
  const { installation, environment, exportedAt, revisions } = catalog
  const result = (plan: Plan): ImportedCatalog => ({
    time,
    exportedAt,
    installation,
    environment,
    settings: revisions.at(-1),
    added: plan.add.map((backup) => backup.id),
    updated: plan.update.map((backup) => backup.id),
    unchanged: plan.unchanged,
    newerHere: plan.newerHere,
    conflicts: plan.conflicts,
    missing,
    incomplete: incomplete.filter(({ id }) => plan.add.some((backup) => backup.id === id)),
  })
  const there = new Set(found)
  const isFound = (backup: CatalogBackup) => there.has(backup)
  if (dryRun) return result({ ...planned, add: planned.add.filter(isFound), update: planned.update.filter(isFound) })
  return db.$transaction(
    async (tx) => {
      // Compared again: what was looked up before may have changed meanwhile.
      const gone = new Set(missing.map(({ id }) => id))
      const compared = await compare(
        tx,
        catalog.backups.filter((backup) => !gone.has(backup.id)),
      )
      const { plan, unlooked } = onlyFound(compared, isFound)
      missing.push(...unlooked)
      await addEnvironments(tx, context.installation, plan.add)
      for (let at = 0; at < plan.add.length; at += batch)
        await tx.backup.createMany({ data: plan.add.slice(at, at + batch).map(rowOf) })
      for (const { id, keyIds, method, generation, envelopeSha256 } of plan.update)
        await tx.backup.update({
          where: { id },
          data: { keyIds, method, generation, envelopeSha256, envelope: null, ...nothingNext },
        })
      await recordAudit(tx, {
        actor,
        action: 'catalog.import',
        outcome: 'success',
        subject: `Catalogue ${time} of installation ${installation}, environment ${environment}`,
        changes: { backups: [null, `${plan.add.length} added, ${plan.update.length} updated`] },
      })
      return result(plan)
    },
    { timeout: 120_000 },
  )
}

const batch = 500

/**
 * One that had a row when the bucket was looked into, and has none any more, or an older one, was not looked for there: it
 * was deleted meanwhile, and its data with it.
 */
function onlyFound(plan: Plan, isFound: (backup: CatalogBackup) => boolean) {
  const unlooked = [...plan.add, ...plan.update]
    .filter((backup) => !isFound(backup))
    .map(({ id }) => ({ id, reason: 'It was deleted or changed here while the bucket was looked into. Import again.' }))
  return { plan: { ...plan, add: plan.add.filter(isFound), update: plan.update.filter(isFound) }, unlooked }
}

/**
 * Ends an exchange of keys that a database which was put back holds in the middle: gone on with, it would put its older
 * envelope in the place of the newer one.
 */
const nothingNext = { nextEnvelope: null, nextEnvelopeSha256: null, nextKeyIds: [] }

async function compare(db: Tx, backups: readonly CatalogBackup[]): Promise<Plan> {
  const plan: Plan = { add: [], update: [], unchanged: 0, newerHere: [], conflicts: [] }
  for (let at = 0; at < backups.length; at += batch) {
    const some = backups.slice(at, at + batch)
    const rows = await db.backup.findMany({
      where: { id: { in: some.map((backup) => backup.id) } },
      select: {
        id: true,
        state: true,
        manifestSha256: true,
        envelopeSha256: true,
        generation: true,
        environmentId: true,
        method: true,
        region: true,
        bucket: true,
        prefix: true,
      },
    })
    const known = new Map(rows.map((row) => [row.id, row]))
    for (const backup of some) {
      const row = known.get(backup.id)
      const conflict = (reason: string) => plan.conflicts.push({ id: backup.id, reason })
      if (!row) plan.add.push(backup)
      else if (row.state !== 'complete')
        conflict(
          `It is ${row.state} here and complete in the catalogue.${row.state === 'failed' || row.state === 'cancelled' ? ` Delete the ${row.state} one here, then import again.` : ''}`,
        )
      else if (row.environmentId !== backup.environment)
        conflict(`It belongs to environment ${row.environmentId} here.`)
      // What lies there is what was looked for, and not what this row stands for.
      else if (row.region !== backup.region || row.bucket !== backup.bucket || row.prefix !== backup.prefix)
        conflict(`It lies in bucket ${row.bucket} here, and elsewhere in the catalogue.`)
      else if (row.manifestSha256 !== backup.manifestSha256)
        conflict('Its manifest here is another than in the catalogue.')
      // Re-wraps exchange keys. Nothing makes an encrypted backup one that is not, but somebody who can write to the bucket.
      else if ((row.method === 'none') !== (backup.method === 'none'))
        conflict(`It is ${row.method === 'none' ? 'not encrypted' : 'encrypted'} here, and not so in the catalogue.`)
      else if (row.generation > backup.generation) plan.newerHere.push(backup.id)
      else if (row.generation < backup.generation) plan.update.push(backup)
      else if (row.envelopeSha256 !== backup.envelopeSha256)
        conflict('Its envelope here is another than in the catalogue, of the same generation.')
      else plan.unchanged += 1
    }
  }
  return plan
}

const atOnce = 8

/** A catalogue may be older than the bucket: what was deleted since must not come back as a row without data. */
async function lookFor(context: BackupContext, backups: readonly CatalogBackup[]) {
  const found: CatalogBackup[] = []
  const missing: { id: string; reason: string }[] = []
  const incomplete: { id: string; reason: string }[] = []
  const connections = new Map<string, Promise<Connection>>()
  const connectionTo = ({ id, environment: environmentId, ...backup }: CatalogBackup) => {
    const { region, bucket, prefix, installation } = backup
    const key = `${region}/${bucket}`
    const known = connections.get(key)
    if (known) return known
    const place = { id, environmentId, revision: 0, region, bucket, prefix, installation }
    const made = connectBackup(context, place)
    connections.set(key, made)
    return made
  }
  /** Why it is not taken over; undefined when all of it is there. */
  const look = async (backup: CatalogBackup): Promise<string | undefined> => {
    try {
      const { store } = await connectionTo(backup)
      const key = backupFolder({ ...backup, backup: backup.id }) + MANIFEST
      const object = await store.read(key, (backup.manifestSize ?? 64 * 1024 * 1024) + 1)
      if (sha256Of(object) !== backup.manifestSha256)
        return 'The manifest in the bucket is another than in the catalogue.'
      const fault = await faultOfEnvelope(store, backup)
      if (fault !== undefined) return fault
      const less = await lessThanStored(store, backup)
      if (less !== undefined) incomplete.push({ id: backup.id, reason: less })
      return undefined
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable) throw error
      return error.code === 'not-found' ? 'It is not in the bucket any more.' : messageOf(error)
    }
  }
  try {
    for (let at = 0; at < backups.length; at += atOnce) {
      const some = backups.slice(at, at + atOnce)
      const reasons = await Promise.all(some.map(look))
      for (const [index, backup] of some.entries()) {
        const reason = reasons[index]
        if (reason === undefined) found.push(backup)
        else missing.push({ id: backup.id, reason })
      }
    }
  } finally {
    for (const connection of await Promise.allSettled(connections.values()))
      if (connection.status === 'fulfilled') connection.value.close()
  }
  return { found, missing, incomplete }
}

/** As `bytesStored` counts; an earlier attempt may have left more. */
async function lessThanStored(store: ObjectStore, backup: CatalogBackup): Promise<string | undefined> {
  const folder = backupFolder({ ...backup, backup: backup.id })
  let there = 0
  try {
    for await (const { key, size } of store.list(folder)) if (key !== folder + ENVELOPE) there += size
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error
    return `Whether its data is there could not be seen. ${messageOf(error)}`
  }
  const stored = backup.bytesStored ?? 0
  return there < stored ? `${bytesText(stored)} were stored, and ${bytesText(there)} are in the bucket.` : undefined
}

/** Without the envelope that the catalogue names this console opens nothing: such a row would only look like a backup. */
async function faultOfEnvelope(store: ObjectStore, backup: CatalogBackup): Promise<string | undefined> {
  if (backup.method === 'none') return undefined
  try {
    const envelope = await store.read(backupFolder({ ...backup, backup: backup.id }) + ENVELOPE, MAX_ENVELOPE_BYTES)
    if (sha256Of(envelope) === backup.envelopeSha256) return undefined
    return 'Its envelope in the bucket is another than in the catalogue: its keys were exchanged since. byok recover opens it.'
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not-found') throw error
    return 'It has no envelope any more: it was shredded, or its envelope was deleted, and nothing opens it.'
  }
}

async function addEnvironments(tx: Tx, own: string, backups: readonly CatalogBackup[]): Promise<void> {
  const wanted = new Map(backups.map((backup) => [backup.environment, backup.installation]))
  const known = await tx.environment.findMany({ where: { id: { in: [...wanted.keys()] } } })
  for (const { id, installation } of known) {
    if ((installation ?? own) === wanted.get(id)) continue
    throw new AppError(
      'conflict',
      `Environment ${id} belongs to installation ${installation ?? own} here, not to ${wanted.get(id)}.`,
    )
  }
  for (const [id, installation] of wanted) {
    if (known.some((environment) => environment.id === id)) continue
    await tx.environment.create({ data: { id, installation } })
  }
}

function rowOf({ type: _, installation: __, environment, ...backup }: CatalogBackup) {
  const date = (iso: string | null) => (iso === null ? null : new Date(iso))
  return {
    ...backup,
    environmentId: environment,
    state: 'complete' as const,
    createdAt: new Date(backup.createdAt),
    startedAt: date(backup.startedAt),
    finishedAt: date(backup.finishedAt),
  }
}
