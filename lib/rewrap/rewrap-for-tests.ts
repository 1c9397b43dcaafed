import type { BackupContext } from '#lib/backup/backup-context.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { exchangeKeys, type KeyChange } from './exchange-keys.ts'
import { runRewrap } from './run-rewrap.ts'
import { type RewrapMode, type RewrapRequest, rewrapRequestSchema } from './schema.ts'
import { startRewrap } from './start-rewrap.ts'
import { viewRewrapDetail } from './view-rewraps.ts'

const never = new AbortController().signal

/** Empty `from`: added to all; empty `to`: removed. */
export function requestOf(from: string, to: string, mode?: RewrapMode, perSecond: number | null = null) {
  const usual = from === '' ? 'add' : to === '' ? 'remove' : 'exchange'
  return rewrapRequestSchema.parse({ mode: mode ?? usual, from, to, perSecond })
}

/** Starts a re-wrap, and does in this process what a worker does with it. @returns how it stands then */
export async function rewrapNow(context: BackupContext, from: string, to: string, mode?: RewrapMode) {
  const id = await startNow(context, requestOf(from, to, mode))
  await runRewrap(context, id, never)
  return stands(context, id)
}

/** One backup's keys, without a run: with the credentials that its restore would use. */
export async function exchangeNow(context: BackupContext, id: string, change: KeyChange): Promise<void> {
  const reaches = new SharedReaches(context)
  try {
    await exchangeKeys(context, id, change, {
      connect: (backup) => reaches.connect(backup),
      newKey: (connection, to) => connection.keyWrapper(to),
    })
  } finally {
    reaches.close()
  }
}

/** @returns its ID; throws where there is nothing to do */
export async function startNow(context: BackupContext, request: RewrapRequest): Promise<string> {
  const { id } = await startRewrap(context, request, actor)
  if (id === null) throw new Error('There is nothing to do.')
  return id
}

export async function stands(context: BackupContext, id: string) {
  const detail = await viewRewrapDetail(context.db, id)
  if (!detail) throw new Error(`There is no re-wrap ${id}.`)
  return { ...detail.run, failures: detail.failures, notes: detail.notes }
}
