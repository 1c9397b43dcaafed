import { databaseTime } from '#lib/db.ts'
import type { BackupContext } from './backup-context.ts'
import { endBackups } from './end-backup.ts'
import { underWayStates } from './under-way-schema.ts'

/** The process that receives a stream says so every second or so. */
const streamDeadAfterMs = 60_000

/** A stream whose receiver died can never go on: its bytes are gone. */
export async function failStaleStreams({ db }: Pick<BackupContext, 'db'>): Promise<void> {
  await db.$transaction(async (tx) => {
    // By the same clock as `seenAt`: one worker whose own is wrong would end every upload.
    const now = await databaseTime(tx)
    await endBackups(
      tx,
      {
        sourceKind: 'stream',
        state: { in: [...underWayStates] },
        seenAt: { lt: new Date(now.getTime() - streamDeadAfterMs) },
      },
      'The process that received this upload ended before all of it had come. Send it again.',
      { attempt: { increment: 1 } },
    )
  })
}
