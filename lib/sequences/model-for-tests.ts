import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import type { CatalogPlace } from '#lib/catalog/read-catalog.ts'
import type { World } from './world-for-tests.ts'

// What must be true, kept apart from what the console says. Nothing here is read from its database but which backups
// there are.

/** What a backup holds. */
export interface Content {
  readonly files: number
  readonly bytes: number
  /** Every name with all that is kept of it; of what was uploaded, sizes and hashes alone. */
  readonly entries: Readonly<Record<string, string>>
  readonly uploaded: boolean
}

/** What somebody asked for, or did, that may end a backup otherwise than complete and kept. */
type Asked = 'cancel' | 'delete' | 'loss'

export interface Known {
  readonly id: string
  readonly content: Content
  readonly asked: Set<Asked>
  /** As it was seen last; `gone` without a row. */
  state: string
  /** Its row, if it has one, is of a database that was put back, and does not go with what is in the bucket. */
  astray: boolean
  /** What is in the bucket all the same, and must come back. */
  left: Left | undefined
  /** Audit rows of it are gone with the database that was replaced. */
  untold: boolean
  /** It was made once more, of a folder that was another by then. */
  vague: boolean
  /** It was shredded, whatever the database says by now. */
  shut: boolean
}

/** A whole backup in a bucket, and by what it opens. */
export interface Left {
  readonly id: string
  readonly method: string
  readonly environmentId: string
  readonly region: string
  readonly bucket: string
  readonly prefix: string
  /** The SHA-256 of the envelope there; of two that are being exchanged one is. */
  readonly envelopes: readonly (string | null)[]
  /** Its SHA-256: what was made once more, under the same envelope, is another. */
  readonly manifest: string | null
  /** Any one of these alone, or some of them together. */
  readonly ways: readonly (readonly string[])[]
}

export interface AskedShred {
  readonly ids: ReadonlySet<string>
  dueAt: Date
  undone: boolean
}

export interface AskedRestore {
  readonly backupId: string
  readonly target: string
  /** Undefined: all. */
  readonly path: string | undefined
  cancelled: boolean
}

export class Model {
  readonly backups = new Map<string, Known>()
  readonly shreds = new Map<string, AskedShred>()
  /** Schedules, how many each keeps, and what it made. */
  readonly schedules = new Map<string, { readonly keep: number; readonly made: Set<string> }>()
  /** Catalogues by their addresses. */
  readonly catalogues = new Map<string, CatalogPlace>()
  /** Root keys that there ever were. */
  readonly rootKeys = new Map<string, string>()
  /** Restores whose end was not seen yet. */
  readonly restores = new Map<string, AskedRestore>()
  /** All that there ever were. */
  readonly allRestores = new Map<string, AskedRestore>()
  /** Verifications of which the same is true, and what they look at. */
  readonly verifications = new Map<string, string>()

  askRestore(id: string, asked: AskedRestore): void {
    this.restores.set(id, asked)
    this.allRestores.set(id, asked)
  }

  complete(): Known[] {
    return [...this.backups.values()].filter(({ state }) => state === 'complete')
  }

  /** Rows that came with a step: folders do not change within one. An upload is made known by whoever sends it. */
  async notice(world: World): Promise<void> {
    const id = { notIn: [...this.backups.keys()] }
    const select = { id: true, source: true } as const
    for (const row of await world.db.backup.findMany({ where: { id, sourceKind: { not: 'stream' } }, select }))
      this.know(row.id, contentOf(row.source))
  }

  know(id: string, content: Content): void {
    const none = { astray: false, left: undefined, untold: false, vague: false, shut: false }
    this.backups.set(id, { id, content, asked: new Set(), state: 'queued', ...none })
  }

  ask(id: string, what: Asked): void {
    this.backups.get(id)?.asked.add(what)
  }

  /** Whether a request to shred may have begun with it. */
  mayBeShredded(id: string, now: Date): boolean {
    return [...this.shreds.values()].some(({ ids, undone, dueAt }) => !undone && ids.has(id) && dueAt <= now)
  }
}

/** Its row goes with the bucket again. */
export function inLine(known: Known): void {
  known.astray = false
  known.left = undefined
}

export function contentOf(folder: string): Content {
  const entries = describeTree(folder)
  const sizes = Object.values(entries).flatMap((facts) => / (\d+) bytes/.exec(facts)?.[1] ?? [])
  return { entries, files: sizes.length, bytes: sizes.reduce((sum, size) => sum + Number(size), 0), uploaded: false }
}

export function uploadOf(name: string, bytes: Uint8Array): Content {
  return { files: 1, bytes: bytes.length, entries: { [name]: factsOf(bytes) }, uploaded: true }
}

const factsOf = (bytes: Uint8Array) => `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`

/** What was restored, in the words of the content that it must be. */
export function restoredEntries(target: string, { uploaded }: Content): Record<string, string> {
  if (!uploaded) return describeTree(target)
  return Object.fromEntries(readdirSync(target).map((name) => [name, factsOf(readFileSync(path.join(target, name)))]))
}
