import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import type { BackupIdentity } from './encryption-context.ts'
import { backupFolder } from './layout.ts'
import { type OpenBackupOptions, openBackup } from './open-backup.ts'
import { restoreBackup } from './restore-backup.ts'
import type { BackupSource } from './source.ts'
import { TestKey } from './test-keys.ts'
import { type WriteBackupOptions, writeBackup } from './write-backup.ts'

export const SEGMENT = 64 * 1024

export function folderSource(path: string, patterns: { include?: string[]; exclude?: string[] } = {}): BackupSource {
  return { kind: 'folder', path, include: [], exclude: [], ...patterns }
}

export function identityOf(backup: string): BackupIdentity {
  return { installation: 'inst-1', environment: 'env-1', backup, prefix: 'some/prefix' }
}

/** A source folder, a store and a key of its own for one test; small segments, so that there are several. */
export class Workbench {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'backup-')))
  readonly source = join(this.folder, 'source')
  readonly store = new MemoryStore()
  readonly key = new TestKey('one')
  #targets = 0

  constructor() {
    mkdirSync(this.source)
  }

  backUp(backup: string, changes: Partial<WriteBackupOptions> = {}) {
    const protection = { method: 'keys', keys: [this.key] } as const
    const { store } = this
    const source = folderSource(this.source)
    const identity = identityOf(backup)
    const patience = { tries: 3, firstDelayMs: 1, longestDelayMs: 2 }
    return writeBackup({ store, protection, identity, source, attempt: 1, segmentSize: SEGMENT, patience, ...changes })
  }

  open(backup: string, changes: Partial<OpenBackupOptions> = {}) {
    const protection = { method: 'keys', keys: [this.key] } as const
    return openBackup({ store: this.store, protection, identity: identityOf(backup), ...changes })
  }

  /** Opens and restores into a new folder, and says which. */
  async restore(backup: string, changes: Partial<OpenBackupOptions> = {}) {
    const target = this.newTarget()
    const result = await restoreBackup({ backup: await this.open(backup, changes), target })
    return { target, result }
  }

  newTarget(): string {
    this.#targets += 1
    return join(this.folder, `target-${this.#targets}`)
  }

  /** The full name of an object of a backup. */
  name(backup: string, object: string): string {
    return backupFolder(identityOf(backup)) + object
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What a promise was rejected with. */
export function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('it succeeded')
    },
    (error: unknown) => error,
  )
}
