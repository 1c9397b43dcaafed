import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { saveEnvironment } from '#lib/environment/save-environment.ts'
import { type EnvironmentInput, emptyEnvironment, environmentSchema } from '#lib/environment/schema.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { openKmsTally } from '#lib/kms-calls/tally.ts'
import { unseal } from '#lib/seal/unseal.ts'
import type { BackupContext } from './backup-context.ts'

export const actor = 'administrator@example.test'

/** All that a console consists of but its processes: a database, queues, folders, and a way to AWS. */
export async function openTestConsole(own: BackupContext['own']) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'vault-console-')))
  const at = (name: string) => path.join(folder, name)
  for (const name of ['data', 'sources', 'restores']) mkdirSync(at(name))
  const { url, db, close: closeDatabase } = await openTestDatabase()
  const jobs = await openQueue(url)
  const { id: installation } = await db.installation.findFirstOrThrow()
  const { id: environment } = await db.environment.findFirstOrThrow()
  const kmsTally = openKmsTally(db)
  const context: BackupContext = {
    db,
    jobs,
    installation,
    seal: (await unseal({ db, installation }, { dataDir: at('data'), configFile: undefined, variables: {}, own }))
      .keyring,
    own: { ...own, onKmsCall: kmsTally.of('other') },
    kmsTally,
    hostedBucket: 'vault-hosted-{region}',
    allowedEndpoints: [],
    dataDir: at('data'),
    sourceRoots: [at('sources')],
    restoreRoots: [at('restores')],
  }
  const newest = async () => (await db.environmentRevision.aggregate({ _max: { number: true } }))._max.number ?? 0
  return {
    folder,
    url,
    db,
    context,
    environment,
    /** The number of the newest revision; 0 for none. */
    newest,
    /** Saves settings as the page would; throws when they are refused. */
    async save(changes: Partial<EnvironmentInput>): Promise<number> {
      const confirm = async () => 'confirmed' as const
      const result = await saveEnvironment(context, settings(changes), await newest(), actor, { confirm })
      if (result.status !== 'success') throw new Error('message' in result ? result.message : result.status)
      return result.revision
    },
    async close() {
      await kmsTally.close()
      await jobs.stop({ graceful: false })
      await closeDatabase()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
export type TestConsole = Awaited<ReturnType<typeof openTestConsole>>

/** Settings as the form gives them: hosted in us-east-1, everything else as it starts. */
export function settings(changes: Partial<EnvironmentInput>) {
  return environmentSchema.parse({ ...emptyEnvironment, region: 'us-east-1', ...changes })
}
