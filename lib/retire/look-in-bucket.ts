import type { BackupPlace, Connection } from '#lib/backup/backup-context.ts'
import { backupsFolder } from '#lib/backup/layout.ts'
import { catalogsFolder } from '#lib/catalog/catalog-format.ts'
import { eachOf } from '#lib/each-of.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { looksAtOnce, type Proof } from './findings.ts'
import { readCurrent } from './read-place.ts'

/**
 * Every folder of a place that the database does not know, and its newest catalogue. What cannot be looked at counts as
 * needing the key.
 * @param known the IDs of the database's backups
 * @returns how many of these folders hold an envelope, and how many of those name the key
 * @throws `signal.reason`
 */
export async function lookInBucket(
  proof: Proof,
  place: BackupPlace,
  known: ReadonlySet<string>,
): Promise<{ folders: number; naming: number }> {
  const { reaches, findings } = proof
  const unknown = { folders: 0, naming: 0 }
  const where = `${place.bucket} in ${place.region}`
  try {
    const connection = await reaches.connect(place)
    await lookAtStrangers(proof, place, connection, { known, unknown, where })
    await lookAtCatalogue(proof, place, connection)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    findings.need(`Bucket ${where}`, `What the database does not know of could not be looked for: ${messageOf(error)}`)
  }
  return unknown
}

async function lookAtStrangers(
  { key, findings, signal, onProgress }: Proof,
  place: BackupPlace,
  connection: Connection,
  {
    known,
    unknown,
    where,
  }: {
    readonly known: ReadonlySet<string>
    readonly unknown: { folders: number; naming: number }
    readonly where: string
  },
): Promise<void> {
  const folder = backupsFolder({ prefix: place.prefix, environment: place.environmentId })
  const idOf = (one: string) => one.slice(folder.length, -1)
  const strangers: string[] = []
  for await (const one of connection.versions.folders(folder)) if (!known.has(idOf(one))) strangers.push(one)
  let done = 0
  await eachOf(strangers, looksAtOnce, async (one) => {
    signal?.throwIfAborted()
    const current = await readCurrent(connection, one).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
      findings.need(`Folder ${one} in bucket ${where}`, `Its envelope could not be looked at: ${messageOf(error)}`)
      return undefined
    })
    if (current) unknown.folders += 1
    if (current?.keyIds.includes(key)) {
      unknown.naming += 1
      findings.need(
        `Folder ${one} in bucket ${where}`,
        'This database does not know the backup, and its envelope names the key.',
      )
    }
    await findings.addOldVersions(connection, { ...place, id: idOf(one) }, one)
    done += 1
    onProgress({ step: 'Folders that the database does not know', done, total: strangers.length })
  })
}

/** Without it a database that is lost cannot be made anew from the bucket. */
async function lookAtCatalogue({ key, findings }: Proof, place: BackupPlace, connection: Connection): Promise<void> {
  const catalogs = catalogsFolder({ prefix: place.prefix, environment: place.environmentId })
  const folders: string[] = []
  for await (const one of connection.versions.folders(catalogs)) folders.push(one)
  // Names are times. One that has no envelope was deleted, or is not encrypted.
  for (const folder of folders.sort().reverse()) {
    const current = await readCurrent(connection, folder)
    if (!current) continue
    if (current.keyIds.includes(key))
      findings.need(`Catalogue ${folder}`, 'The newest catalogue is under it. Export another: byok catalog export')
    return
  }
}
