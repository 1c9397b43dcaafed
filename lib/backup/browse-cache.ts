import { AppError } from '#lib/errors.ts'
import { type BackupContext, type Connection, connectBackup } from './backup-context.ts'
import { EntryIndex, EntryPartCache } from './entry-index.ts'
import type { OpenedBackup } from './open-backup.ts'
import { openRow } from './open-row.ts'

/** How long an opened backup serves further requests: as long a key that was revoked meanwhile still counts. */
const keptForMs = 5 * 60_000
const backupsKept = 4
/** About 4 MiB each, of all backups together. */
const partsKept = 8

/** An opened backup in use. `release` must be called; it may be called twice. */
export interface BrowsedBackup {
  readonly backup: OpenedBackup
  readonly index: EntryIndex
  /** What somebody called it. */
  readonly name: string
  release(): void
}

/** By two clocks: one stands still while this machine sleeps, and the other may be put back. */
interface Moment {
  readonly process: number
  readonly machine: number
}
const thisMoment = (): Moment => ({ process: performance.now(), machine: Date.now() })
function isOld(then: Moment): boolean {
  const now = thisMoment()
  return Math.max(now.process - then.process, now.machine - then.machine) > keptForMs
}

interface Kept {
  readonly pinned: string
  readonly openedAt: Moment
  readonly opened: Promise<{ backup: OpenedBackup; index: EntryIndex; connection: Connection }>
  users: number
  dropped: boolean
}

/**
 * Backups opened for reading their lists, kept in memory for some minutes, so that a page more costs no call of the key.
 * The row is asked every time: without it, or with other pins, nothing kept is used.
 */
export class BrowsedBackups {
  readonly #context: BackupContext
  readonly #kept = new Map<string, Kept>()
  #parts = new EntryPartCache(partsKept)

  constructor(context: BackupContext) {
    this.#context = context
  }

  /** Throws AppError: `not-found` without a row, `invalid` when it is not complete, and as opening a backup does. */
  async open(id: string): Promise<BrowsedBackup> {
    const row = await this.#context.db.backup.findUnique({ where: { id }, omit: { envelope: true, warnings: true } })
    if (row?.state !== 'complete') {
      this.#drop(id)
      if (!row) throw new AppError('not-found', `There is no backup ${id}.`)
      throw new AppError('invalid', `Backup ${id} is ${row.state}, so its files cannot be listed.`)
    }
    const pinned = JSON.stringify([row.manifestSha256, row.envelopeSha256, row.generation, row.keyIds])
    const old = this.#kept.get(id)
    if (old && (old.pinned !== pinned || isOld(old.openedAt))) this.#drop(id)
    const kept = this.#kept.get(id) ?? this.#keep(id, pinned, row)
    // The most recently used comes last.
    this.#kept.delete(id)
    this.#kept.set(id, kept)
    kept.users += 1
    let released = false
    const release = () => {
      if (released) return
      released = true
      kept.users -= 1
      closeUnused(kept)
    }
    try {
      const { backup, index } = await kept.opened
      return { backup, index, name: row.name, release }
    } catch (error) {
      if (this.#kept.get(id) === kept) this.#drop(id)
      release()
      throw error
    }
  }

  /** Forgets everything that is not in use. */
  close(): void {
    for (const id of [...this.#kept.keys()]) this.#drop(id)
    this.#parts = new EntryPartCache(partsKept)
  }

  #keep(id: string, pinned: string, row: Parameters<typeof connectBackup>[1] & Parameters<typeof openRow>[0]): Kept {
    const open = async () => {
      const connection = await connectBackup(this.#context, row, 'interactive')
      try {
        const backup = await openRow(row, connection)
        return { backup, connection, index: new EntryIndex(backup, this.#parts, `${id} ${row.manifestSha256}`) }
      } catch (error) {
        connection.close()
        throw error
      }
    }
    const kept = { pinned, openedAt: thisMoment(), opened: open(), users: 0, dropped: false }
    kept.opened.catch(() => {}) // whoever opens it is told
    this.#kept.set(id, kept)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= backupsKept) break
      this.#drop(oldest)
    }
    return kept
  }

  #drop(id: string): void {
    const kept = this.#kept.get(id)
    if (!kept) return
    this.#kept.delete(id)
    kept.dropped = true
    closeUnused(kept)
  }
}

function closeUnused(kept: Kept): void {
  if (!kept.dropped || kept.users > 0) return
  kept.opened.then(
    ({ connection }) => connection.close(),
    () => {},
  )
}
