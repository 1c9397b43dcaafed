import { recordAudit } from '#lib/audit/record.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import type { Shred, ShredItem } from '#lib/db.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { type Certificate, proven, restsOn, signCertificate } from './certificate.ts'
import { envelopesOf } from './shred-item.ts'
import { signingKey } from './signing-key.ts'

/**
 * Issues a certificate when every backup of a request is shredded, or when more are than the last one named and the
 * others wait for somebody. Complete is the request only in the first case.
 */
export async function certify(context: BackupContext, id: string, now: Date): Promise<void> {
  const { db, installation } = context
  const open = { shredId: id, state: { in: ['waiting', 'claimed'] } }
  // Looked at before thousands of items are read, which most passes need not be.
  if (await db.shredItem.findFirst({ where: { ...open, error: null }, select: { backupId: true } })) return
  const complete = (await db.shredItem.count({ where: open })) === 0
  const request = await db.shred.findUniqueOrThrow({ where: { id }, omit: { remedies: true } })
  const done = await db.shredItem.count({ where: { shredId: id, state: 'destroyed' } })
  if (request.state !== 'running' || (!complete && done <= namedBy(request.certificate))) return
  const items = await db.shredItem.findMany({ where: { shredId: id }, orderBy: { backupId: 'asc' } })
  const certificate = certificateOf(installation, request, items, now)
  const text = signCertificate(certificate, await signingKey(context))
  await db.$transaction(async (tx) => {
    const { count } = await tx.shred.updateMany({
      where: { id, state: 'running', issue: request.issue },
      data: {
        certificate: text,
        issue: request.issue + 1,
        ...(complete && { state: 'complete', finishedAt: now, nextTryAt: null }),
      },
    })
    // Another worker has issued it at the same moment.
    if (count !== 1) return
    const what = `${certificate.shredded.length} of ${items.length} ${items.length === 1 ? 'backup' : 'backups'} of “${request.name}”`
    await recordAudit(tx, {
      actor: 'console',
      action: 'shred.finish',
      outcome: complete ? 'success' : 'failed',
      subject: `${what}, request ${id}, certificate ${request.issue + 1}`,
    })
    await tellAdministrators(tx, {
      actor: 'console',
      title: complete ? 'Backups were shredded' : 'Some backups could not be shredded yet',
      detail: `${what} can never be read again.${complete ? '' : ' The others are told with their causes, and tried again.'}`,
      link: `/backups/shred/${id}`,
    })
  })
}

/** How many backups the last certificate names. It is this console's own, so nothing else is looked at. */
function namedBy(text: string | null): number {
  const last: { certificate?: { shredded?: unknown[] } } = text === null ? {} : JSON.parse(text)
  return last.certificate?.shredded?.length ?? 0
}

function certificateOf(
  installation: string,
  request: Omit<Shred, 'remedies'>,
  items: readonly ShredItem[],
  now: Date,
): Certificate {
  const iso = (date: Date) => date.toISOString()
  const size = (bytes: bigint | null) => (bytes === null ? null : Number(bytes))
  const { id, name, reason, createdBy: by, createdAt, dueAt, startedAt, issue } = request
  return {
    type: 'vault-console crypto-shred certificate',
    format: 1,
    installation,
    request: { id, name, reason, by, at: iso(createdAt), dueAt: iso(dueAt), begunAt: iso(startedAt ?? now) },
    issue: issue + 1,
    issuedAt: iso(now),
    shredded: items.filter(isDestroyed).map((item) => ({
      backup: item.backupId,
      name: item.name,
      source: item.source,
      madeAt: iso(item.backupAt),
      bytes: size(item.bytes),
      bytesStored: size(item.bytesStored),
      method: item.method,
      region: item.region,
      bucket: item.bucket,
      object: item.object,
      manifestSha256: item.manifestSha256,
      keys: item.keyIds,
      envelopes: envelopesOf(item).map(({ where, versionId, sha256 }) => ({ where, versionId, sha256 })),
      destroyedAt: iso(item.destroyedAt ?? now),
    })),
    notShredded: items
      .filter((item) => !isDestroyed(item))
      .map(({ backupId, name, error }) => ({ backup: backupId, name, why: error ?? 'Not done yet.' })),
    proven,
    restsOn,
  }
}

const isDestroyed = ({ state }: ShredItem) => state === 'destroyed'
