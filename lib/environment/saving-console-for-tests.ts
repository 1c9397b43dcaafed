import { actor, settings } from '#lib/backup/console-for-tests.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { type SaveOptions, saveEnvironment } from './save-environment.ts'
import type { EnvironmentInput } from './schema.ts'

export const confirmed: SaveOptions = { confirm: async () => 'confirmed' }

/** For the tests of one file: a console of which nothing is saved yet, and what saving does to it. */
export function savingConsole() {
  const here = sandboxConsole()
  const audit = () => here.db.auditEvent.findMany({ orderBy: { id: 'asc' }, where: { action: 'environment.save' } })
  return Object.assign(here, {
    /** With alias/backups, in the hosted bucket, and these changes; on top of revision `base`. */
    saveOn: (base: number, changes: Partial<EnvironmentInput>, who = actor, options = confirmed) =>
      saveEnvironment(here.context, settings({ masterKey: here.key('backups'), ...changes }), base, who, options),
    /** An own bucket with an access key. */
    own: (changes: Partial<EnvironmentInput> = {}): Partial<EnvironmentInput> => ({
      hosted: false,
      bucket: 'vault-hosted-us-east-1',
      credentials: 'access-key',
      accessKeyId: here.sandbox.administrator.accessKeyId,
      secretAccessKey: here.sandbox.administrator.secretAccessKey,
      ...changes,
    }),
    revision: (number: number) =>
      here.db.environmentRevision.findUniqueOrThrow({
        where: { environmentId_number: { environmentId: here.environment, number } },
      }),
    /** The audit log’s lines about saves, oldest first. */
    audit,
    lastAudit: async () => (await audit()).at(-1),
    /** How many revisions there are, and how many lines about saves. */
    written: async () => [await here.db.environmentRevision.count(), (await audit()).length],
  })
}
