import type { BackupContext } from '#lib/backup/backup-context.ts'
import { createDb } from '#lib/db.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { openKmsTally } from '#lib/kms-calls/tally.ts'
import { unseal } from '#lib/seal/unseal.ts'
import { runShreds } from './run-shreds.ts'

// One pass of a worker, in a process of its own that is killed: DATABASE-URL DATA-FOLDER ENDPOINT ACCESS-KEY SECRET TIME

const [url = '', dataDir = '', endpoint = '', accessKeyId = '', secretAccessKey = '', at = ''] = process.argv.slice(2)
const db = createDb(url)
const { id: installation } = await db.installation.findFirstOrThrow()
const own = { endpoint, credentials: { accessKeyId, secretAccessKey } }
const { keyring } = await unseal({ db, installation }, { dataDir, configFile: undefined, variables: {}, own })
const kmsTally = openKmsTally(db)
const context: BackupContext = {
  db,
  jobs: await openQueue(url),
  installation,
  seal: keyring,
  own: { ...own, onKmsCall: kmsTally.of('other') },
  kmsTally,
  hostedBucket: undefined,
  allowedEndpoints: [],
  dataDir,
  sourceRoots: [],
  restoreRoots: [],
}
await runShreds(context, new AbortController().signal, { now: () => new Date(Number(at)) })
process.exit(0)
