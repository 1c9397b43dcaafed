import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { connectBackup } from './backup-context.ts'
import { failureOf } from './backup-for-tests.ts'
import { actor } from './console-for-tests.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { partName } from './layout.ts'
import { openRow } from './open-row.ts'
import { runBackup } from './run-backup.ts'

export const started = { action: 'backup.start', outcome: 'success', actor }
export const finished = { action: 'backup.finish', outcome: 'success', actor }
export const failed = { action: 'backup.finish', outcome: 'failed', actor }

/** For the tests of one file: `gatedConsole`, and what a run leaves in the bucket, the audit log and the queue. */
export function backupRuns() {
  const here = gatedConsole()
  const auditedBy = (id: string) =>
    here.db.auditEvent.findMany({
      where: { subject: { contains: id } },
      orderBy: { id: 'asc' },
      select: { action: true, outcome: true, actor: true },
    })
  return Object.assign(here, {
    auditedBy,
    /** The objects that a backup's manifest names, as `objectsOf` has them. */
    async namedObjects(id: string): Promise<string[]> {
      const backup = await here.row(id)
      const connection = await connectBackup(here.context, backup)
      const { manifest } = await openRow(backup, connection)
      connection.close()
      const parts = [...manifest.segments, ...manifest.entries].map(({ place }) => partName(place))
      return ['envelope.json', 'manifest', ...parts].sort()
    },
    async jobsOf(id: string): Promise<string[]> {
      const rows = await here.db.$queryRaw<{ name: string }[]>`SELECT name FROM pgboss.job WHERE data->>'id' = ${id}`
      return rows.map(({ name }) => name)
    },
    /** What a restore brings back. */
    restoredTree: async (id: string) => describeTree(await here.restored(id)),
    kmsCounts: async () => (await here.counts()).kms ?? {},
    /** Runs the first attempt until a segment is on its way, stops its worker there, and lets the segment arrive. */
    async interrupted(source: string): Promise<string> {
      const id = await here.start(source)
      const stop = new AbortController()
      const segment = here.gate.hold(({ method, url }) => method === 'PUT' && url.includes(`${id}/segments/1/`))
      const first = failureOf(runBackup(here.context, id, stop.signal))
      await segment.arrived(1)
      const reason = new Error('This worker is stopping.')
      stop.abort(reason)
      segment.release()
      expect(await first).toBe(reason)
      expect(await here.row(id)).toMatchObject({ state: 'running', attempt: 1, error: null })
      expect(await here.objectsOf(id)).toContain('envelope.json')
      expect(await here.objectsOf(id)).not.toContain('manifest')
      expect(await auditedBy(id)).toEqual([started])
      return id
    },
  })
}
