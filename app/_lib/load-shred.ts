import 'server-only'
import { can } from '#lib/auth/schema.ts'
import type { BackupQuery, BackupRow } from '#lib/backup/schema.ts'
import { viewBackups } from '#lib/backup/view-backups.ts'
import { listChoices } from '#lib/shred/list-choices.ts'
import type { ShredDetail, ShredPreview, ShredRow, ShredSelection, SigningKeyView } from '#lib/shred/schema.ts'
import { previewShred } from '#lib/shred/select-backups.ts'
import { knownSigningKey } from '#lib/shred/signing-key.ts'
import { listShreds, shredOf, viewShred } from '#lib/shred/view-shreds.ts'
import { getConsole } from './console.ts'
import { requireUser } from './session.ts'

/** What there is to choose from, and the requests so far. */
export async function loadShreds(query: Pick<BackupQuery, 'text' | 'before'>): Promise<{
  requests: readonly ShredRow[]
  rows: readonly BackupRow[]
  nextBefore: string | null
  schedules: readonly { id: string; name: string }[]
  keys: readonly string[]
  signingKey: SigningKeyView | undefined
}> {
  await requireUser('backup.shred')
  const { backup, db } = await getConsole()
  const [requests, { rows, nextBefore }, choices, signingKey] = await Promise.all([
    listShreds(db),
    viewBackups(backup, { ...query, state: 'stored' }),
    listChoices(db),
    knownSigningKey(backup),
  ])
  return { requests, rows, nextBefore, ...choices, signingKey }
}

export async function loadShredPreview(selection: ShredSelection): Promise<ShredPreview> {
  await requireUser('backup.shred')
  const { db } = await getConsole()
  return previewShred(db, selection)
}

export async function loadShred(
  id: string,
): Promise<{ shred: ShredDetail; signingKey: SigningKeyView | undefined } | undefined> {
  await requireUser('backup.shred')
  const { backup, db } = await getConsole()
  const shred = await viewShred(db, id)
  return shred && { shred, signingKey: await knownSigningKey(backup) }
}

/** The request that a backup is in; undefined for none. `link`: whether the reader may open it. */
export async function loadShredOf(backupId: string) {
  const user = await requireUser('backup.read')
  const { db } = await getConsole()
  const request = await shredOf(db, backupId)
  return request && { ...request, link: can(user.role, 'backup.shred') }
}
