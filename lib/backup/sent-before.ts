import { createHash } from 'node:crypto'
import { databaseTime, type Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { isUnderWay } from './under-way-schema.ts'

// Whoever loses the connection after the last byte does not know whether there is a backup, and sends it again: by a key
// that comes with both it is known that they are one.

/** What makes two requests one. */
export interface SentOnce {
  /** ID of the person. */
  readonly sender: string
  /** The sender’s own name for the request. */
  readonly key: string
  /** What the backup is to be called and to hold, as far as that is known before its bytes have come. */
  readonly of: readonly unknown[]
  /** Bytes that are to come, where the sender said. */
  readonly size?: number | undefined
}

/** Long enough for whoever tries again; too short for a key that somebody sends with every night’s backup. */
const keptMs = 12 * 3_600_000

/** As the row has it: the key is the sender’s text, and may be anything. */
export function requestOf({ sender, key, of }: SentOnce) {
  return { requestKey: digest([sender, key]), requestOf: digest(of) }
}

/** The key names another upload, as the words say. To answer with that one would tell that this is kept, which it is not. */
export interface OtherUse {
  readonly otherUse: string
}

/**
 * The complete backup that an earlier request with the key of this one has made; undefined: this one makes it. Nobody
 * else is told of the key before the transaction ends, which must be READ COMMITTED: whoever waited for another sees what
 * that one has made.
 * @throws AppError `conflict` while the earlier one is under way
 */
export async function sentBefore(tx: Tx, once: SentOnce): Promise<{ readonly id: string } | OtherUse | undefined> {
  const request = requestOf(once)
  const lock = Buffer.from(request.requestKey).readBigInt64BE()
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lock})`
  const row = await tx.backup.findUnique({
    where: { requestKey: request.requestKey },
    select: { id: true, state: true, requestOf: true, bytes: true, finishedAt: true },
  })
  if (!row) return undefined
  const { id, state, bytes, finishedAt } = row
  const age = finishedAt ? (await databaseTime(tx)).getTime() - finishedAt.getTime() : 0
  if ((!isUnderWay(row) && state !== 'complete') || age > keptMs) {
    await tx.backup.update({ where: { id }, data: { requestKey: null, requestOf: null } })
    return undefined
  }
  if (!row.requestOf || Buffer.compare(row.requestOf, request.requestOf) !== 0)
    return { otherUse: `This Idempotency-Key was sent with another name or other files: for backup ${id}.` }
  if (isUnderWay(row))
    throw new AppError('conflict', `The first request with this Idempotency-Key is still under way: backup ${id}.`, {
      fix: 'Wait until that backup has ended, then send it again: a complete one is answered with, a failed one is made anew.',
    })
  if (once.size !== undefined && BigInt(once.size) !== bytes)
    return { otherUse: `This Idempotency-Key was sent with ${bytes} bytes, not ${once.size}: for backup ${id}.` }
  return { id }
}

function digest(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(JSON.stringify(value)).digest())
}
