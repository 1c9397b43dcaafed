import { type BackupContext, type Connection, connectBackup } from '#lib/backup/backup-context.ts'
import { changeWraps, MAX_ENVELOPE_BYTES } from '#lib/backup/envelope.ts'
import { backupFolder, ENVELOPE } from '#lib/backup/layout.ts'
import { AppError } from '#lib/errors.ts'

// One backup's keys are exchanged without touching its data:
// 1. unwrap the backup key, wrap it under the new key, prove that by unwrapping it;
// 2. remember the next envelope in the row, so that whoever reads either of the two finds it named there;
// 3. put it in the envelope's place in the bucket;
// 4. the row follows: generation, key IDs and SHA-256 are those of the new one.
// Ended anywhere, the backup opens with what the row says; run again, it goes on where it was.

export interface KeyChange {
  /** Key ARN or root key whose wraps go; undefined: none goes. */
  readonly from: string | undefined
  /** Key ARN, or `AES-256` for the newest root key; undefined: none is added. */
  readonly to: string | undefined
}

export type Exchanged = 'exchanged' | 'nothing to do'

/**
 * @param newKeys reaches the new key: the credentials that the console has now
 * @throws AppError with what stands in the way; the backup is then as it was
 */
export async function exchangeKeys(
  context: BackupContext,
  id: string,
  change: KeyChange,
  newKeys: Pick<Connection, 'keyWrapper'>,
): Promise<Exchanged> {
  const { db } = context
  const row = await db.backup.findUniqueOrThrow({ where: { id } })
  const connection = await connectBackup(context, row)
  try {
    if (row.nextEnvelope) await putInPlace(context, connection, row.id)
    const now = row.nextEnvelope ? await db.backup.findUniqueOrThrow({ where: { id } }) : row
    const { keyIds, generation, envelopeSha256: sha256 } = now
    if (now.state !== 'complete' || now.method === 'none' || !sha256) return 'nothing to do'
    const wanted = change.to === 'AES-256' ? 'root-key/' : change.to
    const has = wanted === undefined || keyIds.some((keyId) => keyId.startsWith(wanted))
    // What another run left in the middle may be this very change.
    if (has && (change.from === undefined || !keyIds.includes(change.from)))
      return row.nextEnvelope ? 'exchanged' : 'nothing to do'

    const { store, identity } = connection
    const bytes = await store.read(backupFolder(identity) + ENVELOPE, MAX_ENVELOPE_BYTES)
    const keys = keyIds.map((keyId) => ({ keyId, wrapper: connection.keyWrapper(keyId) }))
    const next = await changeWraps(
      bytes,
      keys,
      identity,
      { generation, sha256 },
      {
        remove: change.from === undefined ? [] : [change.from],
        add: has || wanted === undefined ? [] : [{ keyId: wanted, wrapper: newKeys.keyWrapper(wanted) }],
      },
    )
    await db.$transaction(async (tx) => {
      // Whoever destroys root keys holds this lock: the one that has just wrapped this backup is still there, or refused.
      await tx.$queryRaw`SELECT "id" FROM "installation" FOR SHARE`
      const rootKeys = next.keyIds.filter((keyId) => keyId.startsWith('root-key/'))
      if ((await tx.rootKey.count({ where: { id: { in: rootKeys } } })) < rootKeys.length)
        throw new AppError('conflict', `A root key of backup ${id} was destroyed at the same moment.`, {
          fix: 'Run it again.',
        })
      const { count } = await tx.backup.updateMany({
        where: { id, state: 'complete', generation, nextEnvelope: null },
        data: {
          nextEnvelope: Uint8Array.from(next.bytes),
          nextEnvelopeSha256: next.sha256,
          nextKeyIds: [...next.keyIds],
        },
      })
      if (count !== 1)
        throw new AppError('conflict', `Backup ${id} was deleted, or its keys were exchanged, at the same moment.`)
    })
    await putInPlace(context, connection, id)
    return 'exchanged'
  } finally {
    connection.close()
  }
}

/** Steps 3 and 4. Idempotent: also for what another process left in the middle. */
async function putInPlace({ db }: BackupContext, { store, identity }: Connection, id: string): Promise<void> {
  const row = await db.backup.findUniqueOrThrow({ where: { id } })
  const { nextEnvelope, nextEnvelopeSha256, nextKeyIds, generation } = row
  if (!nextEnvelope) return
  await store.replace(backupFolder(identity) + ENVELOPE, nextEnvelope)
  await db.backup.updateMany({
    where: { id, generation, nextEnvelopeSha256 },
    data: {
      envelope: nextEnvelope,
      envelopeSha256: nextEnvelopeSha256,
      keyIds: nextKeyIds,
      generation: generation + 1,
      method: nextKeyIds.some((keyId) => keyId.startsWith('arn:')) ? 'AWS-KMS' : 'AES-256',
      nextEnvelope: null,
      nextEnvelopeSha256: null,
      nextKeyIds: [],
    },
  })
}
