import type { Connection } from './backup-context.ts'
import { backupFolder, ENVELOPE, MANIFEST, partName } from './layout.ts'
import type { OpenedBackup } from './open-backup.ts'

/** Deletes whatever a backup has in the bucket. The manifest goes first: from then on it never happened. */
export async function deleteBackupObjects({ store, identity }: Pick<Connection, 'store' | 'identity'>): Promise<void> {
  const folder = backupFolder(identity)
  const keys: string[] = []
  for await (const { key } of store.list(folder)) keys.push(key)
  await store.delete([folder + MANIFEST])
  await store.delete(keys)
}

/** After a further attempt: deletes what earlier ones left and the manifest does not name. */
export async function deleteUnnamedObjects({ store, identity, manifest }: OpenedBackup): Promise<void> {
  const folder = backupFolder(identity)
  const named = new Set([
    ENVELOPE,
    MANIFEST,
    ...[...manifest.segments, ...manifest.entries].map((part) => partName(part.place)),
  ])
  const keys: string[] = []
  for await (const { key } of store.list(folder)) if (!named.has(key.slice(folder.length))) keys.push(key)
  await store.delete(keys)
}
