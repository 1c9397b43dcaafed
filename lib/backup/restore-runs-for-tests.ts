import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll } from 'vitest'
import { actor } from './console-for-tests.ts'
import { gatedConsole } from './gated-console-for-tests.ts'
import { startRestore } from './start-restore.ts'

export const started = `restore.start success ${actor}`
export const finished = `restore.finish success ${actor}`
export const failed = `restore.finish failed ${actor}`

/** For the tests of one file: `gatedConsole`, a backup of two small files, and what restoring it leaves. */
export function restoreRuns() {
  const here = gatedConsole()
  const { newTarget } = here
  const backup = { id: '', source: '', key: '' }
  beforeAll(async () => {
    backup.key = here.key('backups')
    await here.save({ masterKey: backup.key })
    backup.source = here.makeSmallSource()
    mkdirSync(path.join(backup.source, 'inner'))
    writeFileSync(path.join(backup.source, 'inner', 'b'), 'second')
    backup.id = await here.complete(backup.source)
  })
  return Object.assign(here, {
    backup,
    /** In a folder of its own, so that everything left beside the target is seen. */
    newTarget(): string {
      const parent = newTarget()
      mkdirSync(parent, { recursive: true })
      return path.join(parent, 'restored')
    },
    beside: (target: string) => readdirSync(path.dirname(target)),
    startRestore: (target: string, backupId = backup.id) =>
      startRestore(here.context, { backupId, target }, 'page', actor),
    restore: (id: string) => here.db.restore.findUniqueOrThrow({ where: { id } }),
    async auditedOf(target: string): Promise<string[]> {
      const where = { subject: { contains: target } }
      const rows = await here.db.auditEvent.findMany({ where, orderBy: { id: 'asc' } })
      return rows.map((row) => `${row.action} ${row.outcome} ${row.actor}`)
    },
    /** The next segments that are read stop on their way. */
    holdSegments: (most?: number) =>
      here.gate.hold(({ method, url }) => method === 'GET' && url.includes('/segments/'), most),
  })
}
