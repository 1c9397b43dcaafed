import { hostname } from 'node:os'
import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { isWithin } from '#lib/is-within.ts'
import { seenLately } from './register-worker.ts'

/** Folders of a host that a live worker serves. */
export interface HostFolders {
  readonly host: string
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
}

/** Every host with a live worker, with the folders of all its workers. */
export async function liveHosts(db: Tx): Promise<HostFolders[]> {
  const workers = await db.worker.findMany({
    where: await seenLately(db),
    orderBy: { host: 'asc' },
  })
  const hosts = Map.groupBy(workers, (worker) => worker.host)
  return [...hosts].map(([host, ofHost]) => ({
    host,
    sourceRoots: [...new Set(ofHost.flatMap((worker) => worker.sourceRoots))],
    restoreRoots: [...new Set(ofHost.flatMap((worker) => worker.restoreRoots))],
  }))
}

/** Of another machine: this one's worker is started again whenever it ends. */
export async function hasNoWorker(db: Tx, host: string): Promise<boolean> {
  return host !== hostname() && !(await liveHosts(db)).some((one) => one.host === host)
}

export interface HostWish {
  /** An absolute path. */
  readonly folder: string
  readonly roots: 'sourceRoots' | 'restoreRoots'
  /** What somebody chose; empty: nothing. */
  readonly host: string
  /** `host`: whoever may run commands on this machine may use any folder of it. */
  readonly from: 'page' | 'host'
}

/**
 * The host whose workers get a job for this folder.
 * @throws AppError `unavailable` when no live worker has the folder, `invalid` when several hosts have it and none was chosen
 */
export async function chooseHost(db: Tx, wish: HostWish): Promise<string> {
  const { folder, roots, host, from } = wish
  const live = await liveHosts(db)
  const here = hostname()
  if (host !== '') {
    const chosen = live.find((one) => one.host === host)
    // This machine's own worker is started again whenever it ends.
    if (!chosen && host !== here) throw nobody(`No worker of the host ${host} is running`, live)
    if (chosen && host !== here && !has(chosen[roots], folder))
      throw new AppError('denied', `${folder} is not below a folder that the workers of ${host} may use.`, {
        fix: `They have ${chosen[roots].join(', ') || 'none'}. Start them with a further --${optionOf[roots]}.`,
      })
    return host
  }
  if (from === 'host') {
    if (live.length === 0 || live.some((one) => one.host === here)) return here
    throw nobody(`No worker of this machine, ${here}, is running`, live)
  }
  const having = live.filter((one) => has(one[roots], folder)).map((one) => one.host)
  const [only] = having
  // The form of a restore asks for no host: without one, this console’s machine is meant.
  if (roots === 'restoreRoots' && having.includes(here)) return here
  if (having.length > 1)
    throw new AppError('invalid', `Several hosts have the folder ${folder}: ${having.join(', ')}.`, {
      fix:
        roots === 'restoreRoots'
          ? 'Start the restore on the machine that is to have it, with: byok backup restore'
          : 'Choose one of them.',
    })
  if (only !== undefined) return only
  // With no worker anywhere the job waits for this machine's own, which is started again whenever it ends.
  if (live.length === 0 || live.some((one) => one.host === here)) return here
  throw nobody(`No running worker has the folder ${folder}`, live)
}

const optionOf = { sourceRoots: 'source-root', restoreRoots: 'restore-root' } as const

function nobody(what: string, live: readonly HostFolders[]): AppError {
  const hosts = live.map((one) => one.host).join(', ')
  return new AppError('unavailable', `${what}.`, {
    fix: hosts
      ? `Workers are running on ${hosts}. Choose one of these hosts, or start a worker there with: byok worker`
      : 'Start one on the machine that has the folder, with: byok worker',
  })
}

/** By the text of the paths: the folder may be on another machine, whose worker resolves links and looks again. */
function has(roots: readonly string[], folder: string): boolean {
  return roots.some((root) => isWithin(root, folder))
}
