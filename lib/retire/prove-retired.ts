import { storedRemedies } from '#lib/aws/fixes/stored-remedies.ts'
import type { BackupContext, BackupPlace } from '#lib/backup/backup-context.ts'
import { backupFolder } from '#lib/backup/layout.ts'
import { catalogsFolder } from '#lib/catalog/catalog-format.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { SharedReaches } from '#lib/rewrap/shared-reaches.ts'
import { askKey } from './ask-key.ts'
import { databaseNeeds } from './database-needs.ts'
import { judgeRow, type ProvenRow, rowsOf, rowsUnder } from './prove-row.ts'
import { type OldVersion, readCurrent, readOldVersions } from './read-place.ts'
import type { RetireProgress, RetireReport } from './schema.ts'

// 1. Every backup of the database: its row, its envelope in the bucket, and old versions of that.
// 2. Every folder in the bucket that the database does not know, and the newest catalogue.
// 3. Settings, schedules and seal last, and the rows again: what came while the others were looked at counts too.

const atOnce = 16
const needsKept = 100
/** More old versions than these are found by the proof after the deletion of these. */
const versionsKept = 100_000

export interface ProofOptions {
  readonly by: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RetireProgress) => void
}

/** Whether anything still needs a key. Throws `signal.reason`; what cannot be looked at counts as needing it. */
export async function proveRetired(
  given: BackupContext,
  key: string,
  { by, signal, onProgress = () => {} }: ProofOptions,
): Promise<{ report: RetireReport; versions: OldVersion[] }> {
  const context = calledFor(given, 'proof')
  const { db, installation } = context
  const needs: RetireReport['needs'] = []
  let needed = 0
  const told = new Set<string>()
  const need = (what: string, why: string, id?: string) => {
    needed += 1
    if (id) told.add(id)
    if (needs.length < needsKept) needs.push({ what, why })
  }
  const versions: OldVersion[] = []
  const old = { found: 0, backups: 0, read: 0 }
  let unseen: AppError | undefined
  const addOld = async (place: BackupPlace, folder: string) => {
    const connection = await reaches.connect(place)
    const { read, found } = await readOldVersions(connection, place, folder, key, (why) => {
      unseen ??= why
    })
    old.read += read
    old.found += found.length
    if (found.length > 0) old.backups += 1
    versions.push(...found.slice(0, versionsKept - versions.length))
  }

  const reaches = new SharedReaches(context)
  const places = new Map<string, BackupPlace>()
  const known = new Set<string>()
  let backups = 0
  let envelopes = 0
  const unknown = { folders: 0, naming: 0 }
  try {
    const { id: environmentId, revision } = await currentEnvironment(db)
    if (revision) remember(places, { ...placeOf(revision), id: 'none', environmentId, revision: revision.number })

    const total = await db.backup.count({ where: { method: { not: 'none' } } })
    for await (const rows of rowsOf(db)) {
      await eachOf(rows, signal, async (row) => {
        known.add(row.id)
        backups += 1
        remember(places, row)
        const verdict = await judgeRow(context, reaches, row, key)
        if (verdict.why !== undefined) need(nameOf(row), verdict.why, row.id)
        else if (verdict.readBack) envelopes += 1
        if (verdict.lookAtVersions) await addOld(row, folderOf(row))
        onProgress({ step: 'Backups', done: backups, total })
      })
    }

    for (const place of places.values()) {
      const where = `${place.bucket} in ${place.region}`
      try {
        const connection = await reaches.connect(place)
        const folder = backupsFolder(place)
        const strangers: string[] = []
        for await (const one of connection.versions.folders(folder))
          if (!known.has(one.slice(folder.length, -1))) strangers.push(one)
        let done = 0
        await eachOf(strangers, signal, async (one) => {
          const current = await readCurrent(connection, one).catch((error: unknown) => {
            if (!(error instanceof AppError)) throw error
            need(`Folder ${one} in bucket ${where}`, `Its envelope could not be looked at: ${messageOf(error)}`)
            return undefined
          })
          if (current) unknown.folders += 1
          if (current?.keyIds.includes(key)) {
            unknown.naming += 1
            need(
              `Folder ${one} in bucket ${where}`,
              'This database does not know the backup, and its envelope names the key.',
            )
          }
          await addOld({ ...place, id: one.slice(folder.length, -1) }, one)
          done += 1
          onProgress({ step: 'Folders that the database does not know', done, total: strangers.length })
        })
        await lookAtCatalogue(connection, place, key, need)
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        need(`Bucket ${where}`, `What the database does not know of could not be looked for: ${messageOf(error)}`)
      }
    }
  } finally {
    reaches.close()
  }

  onProgress({ step: 'Settings and seal', done: 0, total: 1 })
  const { needs: first, revisions, sealedValues } = await databaseNeeds(db, key)
  for (const row of await rowsUnder(db, key))
    if (!told.has(row.id)) need(nameOf(row), 'It came under the key while this was looked at.', row.id)
  needed += first.length
  const report: RetireReport = {
    format: 1,
    key,
    at: new Date().toISOString(),
    by,
    installation,
    safe: needed === 0,
    needs: [...first, ...needs].slice(0, needsKept),
    needed,
    backups,
    envelopes,
    unknown,
    places: [...places.values()].map((place) => ({
      region: place.region,
      bucket: place.bucket,
      folder: backupsFolder(place),
    })),
    revisions,
    sealedValues,
    oldVersions: { ...old, ...unseenBy(unseen) },
    kms: await askKey(context, key),
    beyond,
  }
  return { report, versions }
}

const beyond = [
  'Backups of another console, and anything else that was encrypted under this key: GetKeyLastUsage and CloudTrail tell whether anybody uses it.',
  'Copies of the bucket and of this console’s database: replicas, exports, dumps. What they hold may open with this key alone.',
  'Catalogues older than the newest one.',
]

function unseenBy(error: AppError | undefined): Pick<RetireReport['oldVersions'], 'unseen' | 'remedies'> {
  return error ? { unseen: messageOf(error), remedies: storedRemedies(error.remedies) } : { unseen: null, remedies: [] }
}

const nameOf = ({ id, name }: { readonly id: string; readonly name: string }) => `Backup ${id} (${name.slice(0, 200)})`

function folderOf({ id, environmentId, prefix }: ProvenRow): string {
  return backupFolder({ installation: '', environment: environmentId, backup: id, prefix })
}

function backupsFolder({ environmentId: environment, prefix }: BackupPlace): string {
  const one = backupFolder({ installation: '', environment, backup: 'x', prefix })
  return one.slice(0, -'x/'.length)
}

const placeOf = ({ region, bucket, prefix }: { region: string; bucket: string; prefix: string }) => ({
  region,
  bucket,
  prefix,
})

/** Each place once, with the newest revision that leads there. */
function remember(places: Map<string, BackupPlace>, place: BackupPlace): void {
  const { environmentId, region, bucket, prefix, revision } = place
  const name = JSON.stringify([environmentId, region, bucket, prefix])
  const known = places.get(name)
  if (!known || known.revision < revision)
    places.set(name, { id: 'none', environmentId, region, bucket, prefix, revision })
}

/** Without it a database that is lost cannot be made anew from the bucket. */
async function lookAtCatalogue(
  connection: Awaited<ReturnType<SharedReaches['connect']>>,
  place: BackupPlace,
  key: string,
  need: (what: string, why: string) => void,
): Promise<void> {
  let newest: { folder: string; keyIds: readonly string[] } | undefined
  const folders: string[] = []
  for await (const one of connection.versions.folders(
    catalogsFolder({ prefix: place.prefix, environment: place.environmentId }),
  ))
    folders.push(one)
  // Names are times. One that has no envelope was deleted, or is not encrypted.
  for (const folder of folders.sort().reverse()) {
    const current = await readCurrent(connection, folder)
    if (current) {
      newest = { folder, keyIds: current.keyIds }
      break
    }
  }
  if (newest?.keyIds.includes(key))
    need(`Catalogue ${newest.folder}`, 'The newest catalogue is under it. Export another: byok catalog export')
}

async function eachOf<T>(
  items: readonly T[],
  signal: AbortSignal | undefined,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
        signal?.throwIfAborted()
        await run(item)
      }
    }),
  )
}
