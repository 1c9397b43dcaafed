import { hostname } from 'node:os'
import { liveHosts } from '#lib/jobs/choose-host.ts'
import type { BackupContext } from './backup-context.ts'
import { offeredSources } from './folders.ts'
import type { BackupsView } from './schema.ts'

/** What the pages offer to back up: this machine's folders, and the roots of workers on others. Hosts are named when there are several. */
export async function offeredPlaces(
  context: Pick<BackupContext, 'db' | 'sourceRoots'>,
): Promise<BackupsView['sources']> {
  const here = hostname()
  const live = await liveHosts(context.db)
  const others = live.filter((one) => one.host !== here)
  // With all workers elsewhere nobody would make a backup of this machine's folders.
  const own = live.length > 0 && others.length === live.length ? [] : offeredSources(context)
  const places = [
    ...own.map(({ path }) => ({ path, host: here })),
    ...others.flatMap(({ host, sourceRoots }) => sourceRoots.map((path) => ({ path, host }))),
  ]
  return places.map((place) => ({ ...place, label: others.length > 0 ? `${place.path} on ${place.host}` : place.path }))
}
