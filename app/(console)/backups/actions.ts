'use server'
import { revalidatePath } from 'next/cache'
import { permitted } from '#app/_lib/action.ts'
import { type StartResult, startBackupSchema, startRestoreSchema } from '#lib/backup/schema.ts'
import { startBackup as start } from '#lib/backup/start-backup.ts'
import { startRestore as restore } from '#lib/backup/start-restore.ts'

export async function startBackup(input: unknown): Promise<StartResult> {
  const result = await permitted('backup.run', startBackupSchema, input, async ({ console, user, input }) => {
    return { status: 'success' as const, id: await start(console.backup, input, 'page', user.email) }
  })
  if (result.status === 'success') revalidatePath('/backups', 'layout')
  return result
}

export async function startRestore(input: unknown): Promise<StartResult> {
  const result = await permitted('restore.run', startRestoreSchema, input, async ({ console, user, input }) => {
    return { status: 'success' as const, id: await restore(console.backup, input, 'page', user.email) }
  })
  if (result.status === 'success') revalidatePath('/backups', 'layout')
  return result
}
