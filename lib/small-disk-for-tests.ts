import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { installQueues } from '#lib/jobs/queue.ts'
import { migrateDeploy } from '#lib/migrate.ts'
import { prepareEmbeddedPostgres } from '#lib/supervisor/embedded-postgres.ts'
import { findPostgres } from '#lib/supervisor/postgres-programs.ts'

const namespace = ['--user', '--map-root-user', '--mount']

/** A disk of its own takes a mount namespace, which not every machine allows. */
export const canMakeDisks = process.platform === 'linux' && spawnSync('unshare', [...namespace, 'true']).status === 0

/** A console's database on a disk of its own, that can be filled and emptied again. */
export async function openDatabaseOnSmallDisk(): Promise<{
  readonly url: string
  fill(): void
  empty(): Promise<void>
  close(): Promise<void>
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vault-small-disk-'))
  const found = await findPostgres(folder)
  const { file, args } = found.postgres
  const data = path.join(folder, 'postgres')
  // The copy on the small disk takes the place of the folder, for the server alone. It is no root there either.
  const script = `mkdir "$0.disk" && mount -t tmpfs -o size=256M tmpfs "$0.disk" && cp -a "$0/." "$0.disk" &&
    mount --bind "$0.disk" "$0" && exec unshare --user --map-user=1000 --map-group=1000 -- "$@"`
  const postgres = { file: 'unshare', args: [...namespace, '--', 'sh', '-c', script, data, file, ...args] }
  await prepareEmbeddedPostgres(folder, found)
  const server = await prepareEmbeddedPostgres(folder, { ...found, postgres })
  const child = await server.spawn()
  const exited = once(child, 'exit')
  await server.ready(child)
  await migrateDeploy(server.url)
  await installQueues(server.url)
  const ballast = `/proc/${child.pid}/root${data}/ballast`
  return {
    url: server.url,
    fill: () => void spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k']),
    empty: () => truncate(ballast),
    async close() {
      child.kill('SIGINT')
      await exited
      await rm(folder, { recursive: true })
    },
  }
}
