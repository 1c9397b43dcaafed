import { storedRemedies } from '#lib/aws/fixes/stored-remedies.ts'
import type { BackupContext, BackupPlace, Connection } from '#lib/backup/backup-context.ts'
import type { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { type AppError, messageOf } from '#lib/errors.ts'
import { type OldVersion, readOldVersions } from './read-place.ts'
import type { RetireProgress, RetireReport } from './schema.ts'

const needsKept = 100
/** More old versions than these are found by the proof after the deletion of these. */
const versionsKept = 100_000

/** Backups or folders that a proof looks at in the bucket at the same time. */
export const looksAtOnce = 16

/** A proof in the making: what it is about, the ways to what it looks at, and what it found. */
export interface Proof {
  readonly context: BackupContext
  readonly key: string
  readonly reaches: SharedReaches
  readonly findings: Findings
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: RetireProgress) => void
}

/** What a proof has found so far. */
export class Findings {
  /** How many things need the key. */
  needed = 0
  /** The first of them. */
  readonly #needs: RetireReport['needs'] = []
  readonly versions: OldVersion[] = []
  readonly #key: string
  readonly #told = new Set<string>()
  readonly #old = { found: 0, backups: 0, read: 0 }
  #unseen: AppError | undefined

  constructor(key: string) {
    this.#key = key
  }

  /** @param id of the backup that needs it, where it is one */
  need(what: string, why: string, id?: string): void {
    this.needed += 1
    if (id !== undefined) this.#told.add(id)
    if (this.#needs.length < needsKept) this.#needs.push({ what, why })
  }

  /** Whether it was said of this backup that it needs the key. */
  has(id: string): boolean {
    return this.#told.has(id)
  }

  /** Old versions of the envelope in a folder; why they could not be looked at is remembered. */
  async addOldVersions(connection: Connection, place: BackupPlace, folder: string): Promise<void> {
    const { read, found } = await readOldVersions(connection, place, folder, this.#key, (why) => {
      this.#unseen ??= why
    })
    this.#old.read += read
    this.#old.found += found.length
    if (found.length > 0) this.#old.backups += 1
    this.versions.push(...found.slice(0, versionsKept - this.versions.length))
  }

  get oldVersions(): RetireReport['oldVersions'] {
    const unseen = this.#unseen
    return unseen
      ? { ...this.#old, unseen: messageOf(unseen), remedies: storedRemedies(unseen.remedies) }
      : { ...this.#old, unseen: null, remedies: [] }
  }

  /** @param first what is to stand before the others */
  allNeeds(first: RetireReport['needs']): RetireReport['needs'] {
    return [...first, ...this.#needs].slice(0, needsKept)
  }
}
