import { hostname } from 'node:os'
import path from 'node:path'
import { afterEach, beforeAll } from 'vitest'
import type { AlertMessage } from '#lib/alerts/schema.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { createBackupRow } from '#lib/backup/start-backup.ts'
import { savedEnvironment } from '#lib/environment/access.ts'

/** For the tests of one file: a console that sends alerts, and has no schedule before each. */
export function schedulingConsole() {
  const here = sandboxConsole({ masterKey: 'alias/backups' })
  beforeAll(async () => {
    await here.db.alertSettings.create({
      data: {
        webhook: { origin: 'https://hooks.example.com' },
        publicUrl: 'https://vault.example.com',
        updatedBy: actor,
      },
    })
  })
  afterEach(async () => {
    await here.db.schedule.deleteMany()
    await here.db.alert.deleteMany()
    await here.db.alertDelivery.deleteMany()
  })
  /** One that has missed three runs. */
  async function schedule(source: string, keep = 2): Promise<string> {
    const { id } = await here.db.schedule.create({
      data: {
        environmentId: here.environment,
        name: path.basename(source),
        source,
        host: hostname(),
        every: 'daily',
        minute: 120,
        keep,
        nextRunAt: new Date(Date.now() - 3 * 24 * 3600_000),
        createdBy: actor,
      },
    })
    return id
  }
  return Object.assign(here, {
    schedule,
    /** One whose next run is not due. */
    async planned(source: string): Promise<string> {
      const id = await schedule(source)
      await here.db.schedule.update({ where: { id }, data: { nextRunAt: new Date(Date.now() + 3_600_000) } })
      return id
    },
    makeDue: (id: string) => here.db.schedule.update({ where: { id }, data: { nextRunAt: new Date(0) } }),
    runsOf: (scheduleId: string) => here.db.backup.findMany({ where: { scheduleId }, orderBy: { id: 'asc' } }),
    /** A run of a schedule, with whatever became of it. */
    async run(scheduleId: string, data: Parameters<typeof here.db.backup.update>[0]['data']): Promise<string> {
      const { environmentId, revision } = await savedEnvironment(here.db)
      const source = { kind: 'folder', path: '/srv/photos', host: 'files' } as const
      const id = await createBackupRow(here.db, { environmentId, revision, name: '', source, scheduleId, actor })
      await here.db.backup.update({ where: { id }, data })
      return id
    },
    /** What was sent since it was last asked. */
    async told(): Promise<AlertMessage[]> {
      const rows = await here.db.alertDelivery.findMany({ orderBy: { id: 'asc' } })
      await here.db.alertDelivery.deleteMany()
      return rows.map(({ message }): AlertMessage => JSON.parse(JSON.stringify(message)))
    },
    openTitles: async () =>
      (await here.db.alert.findMany({ where: { openFor: { not: null } }, orderBy: { id: 'desc' } })).map(
        ({ title }) => title,
      ),
  })
}
