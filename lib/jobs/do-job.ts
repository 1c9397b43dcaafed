import type { BackupContext } from '#lib/backup/backup-context.ts'
import { cleanUpBackup, cleanUpDue } from '#lib/backup/clean-up.ts'
import { giveUpBackup } from '#lib/backup/end-backup.ts'
import { giveUpRestore } from '#lib/backup/end-restore.ts'
import { failStaleStreams } from '#lib/backup/fail-stale-streams.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { giveUpVerification, runVerification } from '#lib/backup/run-verification.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import type { KmsPurpose } from '#lib/kms-calls/schema.ts'
import { giveUpRetire, runRetire } from '#lib/retire/run-proof.ts'
import { giveUpRewrap } from '#lib/rewrap/end-rewrap.ts'
import { runRewrap } from '#lib/rewrap/run-rewrap.ts'
import { settleExchanges } from '#lib/rewrap/settle-exchanges.ts'
import { deleteOutdated } from '#lib/schedules/delete-outdated.ts'
import type { Queue } from './queue.ts'

// What a worker does, wherever its jobs come from.

type Run = (context: BackupContext, id: string, signal: AbortSignal) => Promise<void>

const handlers: Record<Queue, Run> = {
  backup: runBackup,
  restore: runRestore,
  verify: runVerification,
  'clean-up': cleanUpBackup,
  rewrap: runRewrap,
  retire: runRetire,
}
const purposes: Record<Queue, KmsPurpose> = {
  backup: 'backup',
  restore: 'restore',
  verify: 'verify',
  'clean-up': 'other',
  rewrap: 're-wrap',
  retire: 'proof',
}
const giveUp: Record<Queue, (context: BackupContext, id: string) => Promise<void>> = {
  backup: giveUpBackup,
  restore: giveUpRestore,
  verify: giveUpVerification,
  // The next pass does it.
  'clean-up': async () => {},
  rewrap: giveUpRewrap,
  retire: giveUpRetire,
}

/** @throws only when the job should be done again: this worker is stopping, or the database refuses */
export async function doJob(context: BackupContext, queue: Queue, id: string, signal: AbortSignal): Promise<void> {
  await handlers[queue](calledFor(context, purposes[queue]), id, signal)
}

/** One whose workers died too often. */
export async function giveUpJob(context: BackupContext, queue: Queue, id: string): Promise<void> {
  await giveUp[queue](context, id)
}

/** What nobody asked for, but must be done again and again. */
export async function cleanUpPass(context: BackupContext, signal: AbortSignal): Promise<void> {
  await failStaleStreams(context)
  await deleteOutdated(context)
  await cleanUpDue(context, signal)
  await settleExchanges(context, signal)
}
