import { fchmodSync, lstatSync } from 'node:fs'
import { isRestoredFile, restoresOwners } from './as-restored.ts'
import { type BytePath, toFsPath } from './byte-path.ts'
import type { Entry } from './entry.ts'
import { FoldersBelow } from './folders-below.ts'
import type { OpenFolder } from './open-folder.ts'
import { checkedParts } from './restore-path.ts'

interface Draft {
  readonly root: OpenFolder
  /** Looking goes ahead of taking. */
  readonly looking: FoldersBelow
  readonly taking: FoldersBelow
  /** The folder that was looked for last, when it is not there. */
  missing: BytePath | undefined
}

/** Files that earlier attempts of the same restore finished. To be closed. */
export class FinishedFiles {
  readonly #drafts: readonly Draft[]
  readonly #owners = restoresOwners()
  /** What was found and is to be taken. */
  readonly #found = new Map<BytePath, Draft>()

  /** @param drafts what earlier attempts wrote into, and nobody but this restore can write to; closed with this */
  constructor(drafts: readonly OpenFolder[]) {
    this.#drafts = drafts.map((root) => ({
      root,
      looking: new FoldersBelow(root, letOwnerIn),
      taking: new FoldersBelow(root),
      missing: undefined,
    }))
  }

  /** Looks whether a file is there, whole; then it can be taken. One without content is as quickly made. */
  find(entry: Entry): boolean {
    const parts = checkedParts(entry.path)
    const name = parts.pop()
    if (name === undefined || entry.size === 0) return false
    const draft = this.#drafts.find((draft) => {
      const folder = look(draft, parts)
      if (!folder) return false
      const there = lstatSync(toFsPath(folder.inside(name)), { throwIfNoEntry: false, bigint: true })
      return isRestoredFile(entry, there, this.#owners)
    })
    if (draft) this.#found.set(entry.path, draft)
    return draft !== undefined
  }

  has({ path }: Entry): boolean {
    return this.#found.has(path)
  }

  /** Where a file that was found lies, to be moved from there before another one is asked for. */
  take({ path }: Entry): BytePath | undefined {
    const draft = this.#found.get(path)
    if (!draft) return undefined
    this.#found.delete(path)
    const parts = checkedParts(path)
    const name = parts.pop() ?? ''
    return draft.taking.open(parts).inside(name)
  }

  close(): void {
    for (const { root, looking, taking } of this.#drafts) for (const one of [looking, taking, root]) one.close()
  }
}

function look(draft: Draft, parts: readonly string[]): OpenFolder | undefined {
  const path = parts.join('/')
  if (path === draft.missing) return undefined
  try {
    const folder = draft.looking.open(parts)
    draft.missing = undefined
    return folder
  } catch {
    draft.missing = path // or a link is in its place
    return undefined
  }
}

/** A folder that was finished may be one that its owner cannot move a file out of. */
function letOwnerIn({ fd, stat }: OpenFolder): void {
  if ((stat.mode & 0o700n) !== 0o700n) fchmodSync(fd, 0o700)
}
