'use server'
import { change, permitted } from '#app/_lib/action.ts'
import { backUpAgain as again } from '#lib/backup/back-up-again.ts'
import { cancelBackup as cancel, cancelRestore as cancelOneRestore } from '#lib/backup/cancel-job.ts'
import { deleteBackup as remove } from '#lib/backup/delete-backup.ts'
import {
  type ChangeResult,
  jobIdSchema,
  type LossResult,
  type StartResult,
  startBackupSchema,
  startRestoreSchema,
  startVerificationSchema,
} from '#lib/backup/schema.ts'
import { startBackup as start } from '#lib/backup/start-backup.ts'
import { startRestore as restore } from '#lib/backup/start-restore.ts'
import { startVerification as verify } from '#lib/backup/start-verification.ts'
import { viewLoss } from '#lib/backup/view-loss.ts'

export async function startBackup(input: unknown): Promise<StartResult> {
  return change('/backups', 'backup.run', startBackupSchema, input, async ({ console, user, input }) => ({
    id: await start(console.backup, input, 'page', user.email),
  }))
}

export async function backUpAgain(input: unknown): Promise<StartResult> {
  return change('/backups', 'backup.run', jobIdSchema, input, async ({ console, user, input }) => ({
    id: await again(console.backup, input.id, user.email),
  }))
}

export async function startRestore(input: unknown): Promise<StartResult> {
  return change('/backups', 'restore.run', startRestoreSchema, input, async ({ console, user, input }) => ({
    id: await restore(console.backup, input, 'page', user.email),
  }))
}

export async function startVerification(input: unknown): Promise<StartResult> {
  return change('/backups', 'backup.run', startVerificationSchema, input, async ({ console, user, input }) => ({
    id: await verify(console.backup, input, user.email),
  }))
}

export async function cancelBackup(input: unknown): Promise<ChangeResult> {
  return change('/backups', 'backup.run', jobIdSchema, input, async ({ console, user, input }) => {
    await cancel(console.backup, input.id, user.email)
    return {}
  })
}

export async function cancelRestore(input: unknown): Promise<ChangeResult> {
  return change('/backups', 'restore.run', jobIdSchema, input, async ({ console, user, input }) => {
    await cancelOneRestore(console.backup, input.id, user.email)
    return {}
  })
}

/** What would be lost, for the question before it. */
export async function askLoss(input: unknown): Promise<LossResult> {
  return permitted('backup.delete', jobIdSchema, input, async ({ console, input }) => {
    const loss = await viewLoss(console.backup, input.id)
    return loss
      ? { status: 'success' as const, loss }
      : { status: 'error' as const, message: 'This backup is gone already.' }
  })
}

export async function deleteBackup(input: unknown): Promise<ChangeResult> {
  return change('/backups', 'backup.delete', jobIdSchema, input, async ({ console, user, input }) => {
    await remove(console.backup, input.id, user.email)
    return {}
  })
}
