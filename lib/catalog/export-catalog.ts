import { recordAudit } from '#lib/audit/record.ts'
import { type BackupContext, connectBackup } from '#lib/backup/backup-context.ts'
import { encryptedCodec, plainCodec } from '#lib/backup/codec.ts'
import { createEnvelope } from '#lib/backup/envelope.ts'
import { ENVELOPE } from '#lib/backup/layout.ts'
import { databaseTime } from '#lib/db.ts'
import { savedEnvironment } from '#lib/environment/access.ts'
import { furtherKeysOf, keyArnsOf } from '#lib/environment/revision-row.ts'
import {
  CATALOG,
  type CatalogBackup,
  type CatalogRevision,
  catalogContext,
  catalogId,
  catalogsFolder,
  catalogTime,
  encodeCatalog,
} from './catalog-format.ts'

export interface ExportedCatalog {
  /** `s3://…` of its folder */
  readonly address: string
  /** Its name there. */
  readonly time: string
  readonly environment: string
  readonly installation: string
  readonly method: string
  /** Of the bucket. */
  readonly region: string
  /** Key ARNs, each of which opens it; empty for AES-256 and for no encryption. */
  readonly keyArns: readonly string[]
  readonly backups: number
  readonly revisions: number
  /** Of the stored object. */
  readonly bytes: number
}

/**
 * Stores what the database knows of every complete backup, encrypted under the environment's keys.
 * @param place another bucket of the environment's Region than its own
 * Throws AppError `invalid` before the first save, and what keys and store throw.
 */
export async function exportCatalog(
  context: BackupContext,
  place: { bucket: string; prefix: string } | undefined,
  actor: string,
): Promise<ExportedCatalog> {
  const { db, installation } = context
  const { environmentId: environment, revision } = await savedEnvironment(db)
  const { bucket, prefix } = place ?? revision
  const { region, method } = revision
  // Its name: by a clock that is ahead it would be the newest for as long, whatever is exported after it.
  const exportedAt = await databaseTime(db)
  const time = catalogTime(exportedAt)
  const [revisions, backups] = await Promise.all([revisionsOf(context, environment), backupsOf(context)])
  const content = encodeCatalog({
    installation,
    environment,
    exportedAt: exportedAt.toISOString(),
    revisions,
    backups,
  })
  const where = { id: catalogId(time), environmentId: environment, revision: revision.number, region, bucket, prefix }
  const connection = await connectBackup(context, where)
  try {
    const { store, identity, keyWrapper } = connection
    const folder = `${catalogsFolder(identity)}${time}/`
    let codec = plainCodec
    if (method !== 'none') {
      const keys = method === 'AES-256' ? [context.seal] : keyArnsOf(revision).map(keyWrapper)
      const { backupKey, envelope } = await createEnvelope(keys, identity)
      codec = encryptedCodec(backupKey, identity.backup)
      await store.create(folder + ENVELOPE, envelope.bytes)
    }
    const object = await codec.seal(content, catalogContext(identity))
    await store.create(folder + CATALOG, object)
    const address = `s3://${bucket}/${folder}`
    await recordAudit(db, { actor, action: 'catalog.export', outcome: 'success', subject: address })
    const counts = { backups: backups.length, revisions: revisions.length, bytes: object.length }
    const keyArns = method === 'AWS-KMS' ? keyArnsOf(revision) : []
    return { address, time, environment, installation, method, region, keyArns, ...counts }
  } finally {
    connection.close()
  }
}

async function revisionsOf({ db }: BackupContext, environmentId: string): Promise<CatalogRevision[]> {
  const rows = await db.environmentRevision.findMany({ where: { environmentId }, orderBy: { number: 'asc' } })
  return rows.map((row) => ({
    type: 'revision',
    number: row.number,
    region: row.region,
    method: row.method,
    masterKey: row.masterKey,
    keyArn: row.keyArn,
    furtherKeys: [...new Set(furtherKeysOf(row).map(({ keyArn }) => keyArn))],
    hosted: row.hosted,
    label: row.label,
    bucket: row.bucket,
    prefix: row.prefix,
    credentials: row.credentials,
    roleArn: row.roleArn,
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
  }))
}

const page = 1000

/** Of every environment: a catalogue that was imported goes on to the next. */
async function backupsOf({ db, installation }: BackupContext): Promise<CatalogBackup[]> {
  const backups: CatalogBackup[] = []
  for (let after: string | undefined; ; ) {
    const rows = await db.backup.findMany({
      where: { state: 'complete', ...(after !== undefined && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: page,
      omit: { envelope: true, warnings: true, progress: true },
      include: { environment: { select: { installation: true } } },
    })
    for (const row of rows) {
      if (row.manifestSha256 === null) continue
      backups.push({
        type: 'backup',
        id: row.id,
        installation: row.environment.installation ?? installation,
        environment: row.environmentId,
        revision: row.revision,
        name: row.name,
        source: row.source,
        sourceKind: row.sourceKind,
        host: row.host,
        region: row.region,
        bucket: row.bucket,
        prefix: row.prefix,
        method: row.method === 'AWS-KMS' || row.method === 'AES-256' ? row.method : 'none',
        keyIds: row.keyIds,
        generation: row.generation,
        envelopeSha256: row.envelopeSha256,
        manifestSha256: row.manifestSha256,
        manifestSize: toNumber(row.manifestSize),
        attempt: row.attempt,
        bytes: toNumber(row.bytes),
        bytesStored: toNumber(row.bytesStored),
        files: row.files,
        warningCount: row.warningCount,
        createdAt: row.createdAt.toISOString(),
        createdBy: row.createdBy,
        startedAt: row.startedAt?.toISOString() ?? null,
        finishedAt: row.finishedAt?.toISOString() ?? null,
      })
    }
    after = rows.at(-1)?.id
    if (rows.length < page) return backups
  }
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
