import type { BackupContext, BackupPlace, Connection } from '#lib/backup/backup-context.ts'
import { sha256Of } from '#lib/backup/codec.ts'
import { changeWraps, MAX_ENVELOPE_BYTES, type SealedEnvelope } from '#lib/backup/envelope.ts'
import { backupFolder, ENVELOPE } from '#lib/backup/layout.ts'
import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'

// One backup's keys are exchanged without touching its data:
// 1. unwrap the backup key, wrap it under the new key, prove that by unwrapping it;
// 2. remember the next envelope in the row, so that whoever reads either of the two finds it named there;
// 3. put it in the place of the envelope that was read, and of no other;
// 4. the row follows: generation, key IDs and SHA-256 are those of the new one.
// Ended anywhere, the backup opens with what the row says; run again, it goes on where it was.

export interface KeyChange {
  /** Key ARN or root key whose wraps go, or `AES-256` for every root key; undefined: none goes. */
  readonly from: string | undefined
  /** Key ARN, or `AES-256` for the newest root key; undefined: none is added. */
  readonly to: string | undefined
}

export interface ExchangeMeans {
  /** Reaches the backup as a restore would. Whoever made it closes it. */
  connect(backup: BackupPlace): Promise<Connection>
  /** What wraps under the new key, and proves it for this backup. */
  newKey(connection: Connection, to: string): KeyWrapper
  /** In the transaction in which the row follows. What it throws undoes that; another run goes on from there. */
  record?(tx: Tx): Promise<void>
}

export type Exchanged = 'exchanged' | 'nothing to do'

/** Whether a wrap is one that a name stands for. */
function isNamed(keyId: string, name: string): boolean {
  return name === 'AES-256' ? keyId.startsWith('root-key/') : keyId === name
}

/** @throws AppError with what stands in the way; the backup is then as it was, or opens with either key */
export async function exchangeKeys(
  { db }: Pick<BackupContext, 'db'>,
  id: string,
  { from, to }: KeyChange,
  means: ExchangeMeans,
): Promise<Exchanged> {
  const row = await db.backup.findUnique({ where: { id } })
  if (row?.state !== 'complete' || row.method === 'none') return 'nothing to do'
  const connection = await means.connect(row)
  const { store, identity } = connection
  const name = backupFolder(identity) + ENVELOPE
  const goes = (keyId: string) => from !== undefined && isNamed(keyId, from)
  const isDone = (keyIds: readonly string[]) =>
    !keyIds.some(goes) && (to === undefined || keyIds.some((keyId) => isNamed(keyId, to)))

  if (row.nextEnvelope) {
    // Another run was ended in the middle; what it wanted may be this very change.
    const done = isDone(row.nextKeyIds)
    await putInPlace(db, connection, row, await store.read(name, MAX_ENVELOPE_BYTES), done ? means.record : undefined)
    return done ? 'exchanged' : exchangeKeys({ db }, id, { from, to }, means)
  }

  const { keyIds, generation, envelopeSha256: sha256 } = row
  if (!sha256) throw new AppError('integrity', `The row of backup ${id} names no envelope.`)
  const has = to === undefined || keyIds.some((keyId) => !goes(keyId) && isNamed(keyId, to))
  if (has && !keyIds.some(goes)) return 'nothing to do'
  const stay = keyIds.filter((keyId) => !goes(keyId))
  if (has && stay.length === 0)
    throw new AppError('invalid', 'The last key of a backup cannot be removed: nothing would open it any more.', {
      fix: 'Give it another key first.',
    })
  const bytes = await store.read(name, MAX_ENVELOPE_BYTES)
  // Where none is added, one that stays proves that it opens the backup alone; the one that goes may be dead already.
  const opening = has ? stay : [...keyIds.filter(goes), ...stay]
  const next = await changeWraps(
    bytes,
    opening.map((keyId) => ({ keyId, wrapper: connection.keyWrapper(keyId) })),
    identity,
    { generation, sha256 },
    {
      remove: keyIds.filter(goes),
      add: has || to === undefined ? [] : [{ keyId: to, wrapper: means.newKey(connection, to) }],
    },
  )
  await remember(db, row, next)
  const pending = { id, generation, nextEnvelope: next.bytes, nextEnvelopeSha256: next.sha256, nextKeyIds: next.keyIds }
  await putInPlace(db, connection, { ...pending, envelopeSha256: sha256 }, bytes, means.record)
  return 'exchanged'
}

/** Step 2. */
async function remember(
  db: BackupContext['db'],
  { id, generation }: { readonly id: string; readonly generation: number },
  next: SealedEnvelope,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const rootKeys = next.keyIds.filter((keyId) => keyId.startsWith('root-key/'))
    if (rootKeys.length > 0) {
      // Whoever destroys root keys holds this lock: the one that has just wrapped this backup is still there, or refused.
      await tx.$queryRaw`SELECT "id" FROM "installation" FOR SHARE`
      if ((await tx.rootKey.count({ where: { id: { in: rootKeys } } })) < rootKeys.length)
        throw new AppError('conflict', `A root key of backup ${id} was destroyed at the same moment.`, {
          fix: 'Run it again.',
        })
    }
    const { count } = await tx.backup.updateMany({
      where: { id, state: 'complete', generation, nextEnvelopeSha256: null },
      data: {
        nextEnvelope: Uint8Array.from(next.bytes),
        nextEnvelopeSha256: next.sha256,
        nextKeyIds: [...next.keyIds],
      },
    })
    if (count !== 1)
      throw new AppError('conflict', `Backup ${id} was deleted, or its keys were exchanged, at the same moment.`, {
        fix: 'Run it again.',
      })
  })
}

interface Pending {
  readonly id: string
  readonly generation: number
  readonly envelopeSha256: string | null
  readonly nextEnvelope: Uint8Array | null
  readonly nextEnvelopeSha256: string | null
  readonly nextKeyIds: readonly string[]
}

/**
 * Steps 3 and 4. Idempotent: also for what another process left in the middle.
 * @param there what was read from the envelope's place
 */
async function putInPlace(
  db: BackupContext['db'],
  { store, identity }: Pick<Connection, 'store' | 'identity'>,
  { id, generation, envelopeSha256, nextEnvelope, nextEnvelopeSha256, nextKeyIds }: Pending,
  there: Uint8Array,
  record?: (tx: Tx) => Promise<void>,
): Promise<void> {
  if (!nextEnvelope) return
  const sha256 = sha256Of(there)
  if (sha256 !== nextEnvelopeSha256) {
    if (sha256 !== envelopeSha256)
      throw new AppError(
        'integrity',
        `The envelope of backup ${id} is not the one this console wrote: its SHA-256 differs.`,
        { fix: 'It was changed, or an older one was put back.' },
      )
    await store.replace(backupFolder(identity) + ENVELOPE, nextEnvelope, there)
  }
  await db.$transaction(async (tx) => {
    const { count } = await tx.backup.updateMany({
      where: { id, generation, nextEnvelopeSha256 },
      data: {
        envelope: Uint8Array.from(nextEnvelope),
        envelopeSha256: nextEnvelopeSha256,
        keyIds: [...nextKeyIds],
        generation: generation + 1,
        method: nextKeyIds.some((keyId) => keyId.startsWith('arn:')) ? 'AWS-KMS' : 'AES-256',
        nextEnvelope: null,
        nextEnvelopeSha256: null,
        nextKeyIds: [],
      },
    })
    if (count === 1) await record?.(tx)
  })
}

/**
 * Ends what a run left in the middle that was then given up: the remembered envelope takes its place. Asks no key.
 * @throws AppError as `exchangeKeys` does
 */
export async function settleExchange(
  { db }: Pick<BackupContext, 'db'>,
  id: string,
  connect: ExchangeMeans['connect'],
): Promise<void> {
  const row = await db.backup.findUnique({ where: { id } })
  if (row?.state !== 'complete' || !row.nextEnvelope) return
  const connection = await connect(row)
  const name = backupFolder(connection.identity) + ENVELOPE
  await putInPlace(db, connection, row, await connection.store.read(name, MAX_ENVELOPE_BYTES))
}
