import type { BackupContext, BackupPlace } from '#lib/backup/backup-context.ts'
import { backupFolder, backupsFolder } from '#lib/backup/layout.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { eachOf } from '#lib/each-of.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { askKms } from './ask-kms.ts'
import { databaseNeeds } from './database-needs.ts'
import { Findings, looksAtOnce, type Proof } from './findings.ts'
import { lookInBucket } from './look-in-bucket.ts'
import { judgeRow, type ProvenRow, rowsOf, rowsUnder } from './prove-row.ts'
import type { OldVersion } from './read-place.ts'
import type { RetireProgress, RetireReport } from './schema.ts'

// 1. Every backup of the database: its row, its envelope in the bucket, and old versions of that.
// 2. Every folder in the bucket that the database does not know, and the newest catalogue.
// 3. Settings, schedules and seal last, and the rows again: what came while the others were looked at counts too.

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
  const reaches = new SharedReaches(context)
  const findings = new Findings(key)
  const proof: Proof = { context, key, reaches, findings, signal, onProgress }
  const places = new Map<string, BackupPlace>()
  const unknown = { folders: 0, naming: 0 }
  let known: Set<string>
  let envelopes: number
  try {
    const { id: environmentId, revision } = await currentEnvironment(db)
    if (revision) remember(places, { ...placeOf(revision), id: 'none', environmentId, revision: revision.number })
    ;({ known, envelopes } = await lookAtRows(proof, places))
    for (const place of places.values()) {
      const { folders, naming } = await lookInBucket(proof, place, known)
      unknown.folders += folders
      unknown.naming += naming
    }
  } finally {
    reaches.close()
  }

  signal?.throwIfAborted()
  onProgress({ step: 'Settings and seal', done: 0, total: 1 })
  const { needs: first, revisions, sealedValues } = await databaseNeeds(db, key)
  for (const row of await rowsUnder(db, key))
    if (!findings.has(row.id)) findings.need(nameOf(row), 'It came under the key while this was looked at.', row.id)
  const needed = findings.needed + first.length
  const report: RetireReport = {
    format: 1,
    key,
    at: new Date().toISOString(),
    by,
    installation,
    safe: needed === 0,
    needs: findings.allNeeds(first),
    needed,
    backups: known.size,
    envelopes,
    unknown,
    places: [...places.values()].map(({ region, bucket, prefix, environmentId: environment }) => ({
      region,
      bucket,
      folder: backupsFolder({ prefix, environment }),
    })),
    revisions,
    sealedValues,
    oldVersions: findings.oldVersions,
    kms: await askKms(context, key),
    beyond,
  }
  return { report, versions: findings.versions }
}

/**
 * Step 1.
 * @param places takes where they lie
 * @returns their IDs, and how many envelopes were read back from the bucket without a need being found
 */
async function lookAtRows(
  { context, key, reaches, findings, signal, onProgress }: Proof,
  places: Map<string, BackupPlace>,
): Promise<{ known: Set<string>; envelopes: number }> {
  const { db } = context
  const total = await db.backup.count({ where: { method: { not: 'none' } } })
  const known = new Set<string>()
  let envelopes = 0
  for await (const rows of rowsOf(db)) {
    await eachOf(rows, looksAtOnce, async (row) => {
      signal?.throwIfAborted()
      known.add(row.id)
      remember(places, row)
      const verdict = await judgeRow(context, reaches, row, key)
      if (verdict.why !== undefined) findings.need(nameOf(row), verdict.why, row.id)
      else if (verdict.readBack) envelopes += 1
      if (verdict.lookAtVersions) await findings.addOldVersions(await reaches.connect(row), row, folderOf(row))
      onProgress({ step: 'Backups', done: known.size, total })
    })
  }
  return { known, envelopes }
}

const beyond = [
  'Backups of another console, and anything else that was encrypted under this key: GetKeyLastUsage and CloudTrail tell whether anybody uses it.',
  'Copies of the bucket and of this console’s database: replicas, exports, dumps. What they hold may open with this key alone.',
  'Catalogues older than the newest one.',
]

const nameOf = ({ id, name }: { readonly id: string; readonly name: string }) => `Backup ${id} (${name.slice(0, 200)})`

function folderOf({ id, environmentId, prefix }: ProvenRow): string {
  return backupFolder({ environment: environmentId, backup: id, prefix })
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
