import { backupsFolder } from '#lib/backup/layout.ts'
import type { Manifest } from '#lib/backup/manifest.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { openWithoutDatabase } from './open-without-database.ts'
import type { RecoverySource } from './recovery-source.ts'

export type ListedBackup =
  | {
      readonly id: string
      readonly state: 'opens'
      /** Authenticated by KMS; of method `none` only what the bucket says. */
      readonly installation: string
      /** ISO 8601, UTC */
      readonly createdAt: string
      readonly totals: Manifest['totals']
    }
  /** What was found is not a whole backup that these keys open. */
  | { readonly id: string; readonly state: 'refused'; readonly reason: string }

/** Each is opened to be listed: one Decrypt each, so many at once. */
const atOnce = 8

/** Every backup of the environment whose manifest is there, in the order of their IDs, which is that of their making. */
export async function* listWithoutDatabase(source: RecoverySource): AsyncGenerator<ListedBackup> {
  const folder = backupsFolder(source)
  const under: Promise<ListedBackup>[] = []
  for await (const { key } of source.store.list(folder)) {
    const [, id] = /^([^/]+)\/manifest$/.exec(key.slice(folder.length)) ?? []
    if (id === undefined) continue
    const looking = look(source, id)
    looking.catch(() => {}) // whoever waits for it is told
    under.push(looking)
    if (under.length < atOnce) continue
    const first = await under.shift()
    if (first) yield first
  }
  for (const one of under) yield await one
}

async function look(source: RecoverySource, id: string): Promise<ListedBackup> {
  try {
    const { identity, manifest } = await openWithoutDatabase(source, id)
    const { createdAt, totals } = manifest
    return { id, state: 'opens', installation: identity.installation, createdAt, totals }
  } catch (error) {
    if (error instanceof AppError && !error.retryable) return { id, state: 'refused', reason: messageOf(error) }
    // Nobody could be asked: an answer about each backup would be a lie. Told by whoever waits for this one.
    return Promise.reject(error)
  }
}
