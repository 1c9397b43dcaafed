import { type BigIntStats, fchmodSync, fchownSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { toBytePath, toFsPath } from '#lib/archive/byte-path.ts'
import { FinishedFiles } from '#lib/archive/finished-files.ts'
import { type OpenFolder, openFolder, reachedByNoLink, wayByNoLink } from '#lib/archive/open-folder.ts'
import { removeTree } from '#lib/archive/remove-tree.ts'
import { UNFINISHED } from '#lib/archive/unfinished.ts'
import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'

// Each attempt of a restore writes into a draft of its own beside the target, and takes over from those of earlier
// attempts what they finished: file by file, so that an attempt thought dead that wakes up never writes into what
// becomes the target. Nothing is flushed to the disk for each file: after a power cut one may have its size and time and
// not its content, so a draft counts only until the machine starts anew, and only where the system tells its starts apart.

interface Attempt {
  readonly id: string
  readonly target: string
  readonly attempt: number
}

/** Each attempt takes over what it finds in earlier drafts, so still older ones hold hardly anything more. */
const MOST = 5

const boot = bootId()

export function draftOf({ id, target, attempt }: Attempt): string {
  return path.join(path.dirname(target), `${prefix(id)}${attempt}${boot === undefined ? '' : `-${boot}`}`)
}

/**
 * What earlier attempts finished; undefined when there is nothing. What cannot be used is removed.
 * @param known a folder that the database says is a draft, as `identityOf` has it
 */
export async function earlierDrafts(restore: Attempt, known: string | undefined): Promise<FinishedFiles | undefined> {
  if (restore.attempt === 1) return undefined
  const drafts: OpenFolder[] = []
  const attemptOf = (draft: string) => Number.parseInt(path.basename(draft).slice(prefix(restore.id).length), 10)
  const newestFirst = draftsBeside(restore).sort((a, b) => attemptOf(b) - attemptOf(a))
  for (const draft of newestFirst) {
    const attempt = attemptOf(draft)
    // Somebody else's, who has taken this restore over.
    if (attempt > restore.attempt) continue
    const sameBoot = boot !== undefined && draft === draftOf({ ...restore, attempt })
    const usable = sameBoot && attempt < restore.attempt && drafts.length < MOST
    const opened = usable ? openDraft(draft, known) : undefined
    if (opened) drafts.push(opened)
    else await remove(draft)
  }
  return drafts.length > 0 ? new FinishedFiles(drafts) : undefined
}

/** Never throws: what cannot be removed is logged. */
export async function removeDrafts(restore: Pick<Attempt, 'id' | 'target'>): Promise<void> {
  for (const draft of draftsBeside(restore)) await remove(draft)
}

/** Stays the same when a folder is renamed. Undefined: there is none. */
export function identityOf(folder: string): string | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false, bigint: true })
  return stat && identity(stat)
}

const identity = ({ dev, ino, birthtimeNs }: BigIntStats) => `${dev} ${ino} ${birthtimeNs}`

const prefix = (id: string) => `.restoring-${id}-`

function draftsBeside({ id, target }: Pick<Attempt, 'id' | 'target'>): string[] {
  const folder = path.dirname(target)
  try {
    const all = reachedByNoLink(toBytePath(target), (at) => readdirSync(toFsPath(path.dirname(at))))
    const names = all.filter((name) => name.startsWith(prefix(id)))
    return names.map((name) => path.join(folder, name))
  } catch {
    return [] // met, and told, by the restore itself
  }
}

/** A draft that nobody else can have written to, or that was one until it got its own owner and mode at the end. */
function openDraft(draft: string, known: string | undefined): OpenFolder | undefined {
  let folder: OpenFolder | undefined
  try {
    folder = reachedByNoLink(toBytePath(draft), openFolder)
    const { uid, mode } = folder.stat
    const own = process.geteuid?.() ?? -1
    const isOurs = known === identity(folder.stat)
    if (!isOurs && (uid !== BigInt(own) || (mode & 0o077n) !== 0n)) throw new Error('not ours')
    try {
      if (uid !== BigInt(own)) fchownSync(folder.fd, own, process.getegid?.() ?? -1)
      fchmodSync(folder.fd, 0o700)
    } catch (error) {
      // A disk that gives all to one user.
      if (!isOurs) throw error
    }
    // Of an attempt that was killed; it may be as large as what is still to come.
    for (const name of readdirSync(toFsPath(folder.inside('.')), { encoding: 'latin1' }))
      if (name.startsWith(UNFINISHED)) unlinkSync(toFsPath(folder.inside(name)))
    return folder
  } catch {
    folder?.close()
    return undefined
  }
}

/** Tries again for a while: an attempt thought dead may still be writing, until it notices. */
async function remove(draft: string): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      const way = wayByNoLink(toBytePath(draft))
      await removeTree(way.at).finally(way.close)
      return
    } catch (error) {
      if (tries === 5) {
        log('warning', 'restore', `${draft} could not be removed: ${messageOf(error)}`)
        return
      }
      await delay(200)
    }
}

/** Differs after each start of the machine; undefined where there is no such thing. */
function bootId(): string | undefined {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
    return id.replace(/[^0-9a-f]/g, '').slice(0, 16) || undefined
  } catch {
    return undefined
  }
}
