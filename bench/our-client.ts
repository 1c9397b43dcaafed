import { renameSync } from 'node:fs'
import { z } from 'zod'
import { createAwsClients } from '#lib/aws/clients.ts'
import type { BackupIdentity } from '#lib/backup/encryption-context.ts'
import type { Journal } from '#lib/backup/journal.ts'
import { openBackup } from '#lib/backup/open-backup.ts'
import { restoreBackup } from '#lib/backup/restore-backup.ts'
import { writeBackup } from '#lib/backup/write-backup.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import { s3Store } from '#lib/storage/s3-store.ts'

// One backup or one restore as the worker makes it, in a process of its own so that its CPU and memory can be counted:
// `node our-client.ts backup|restore FOLDER`, with OUR_CLIENT set. Prints one line of JSON. What the worker has and this
// has not is the database: checkpoints are sealed and then let go.

export const ourTask = z.object({
  endpoint: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  region: z.string(),
  bucket: z.string(),
  keyArn: z.string(),
  backup: z.string(),
})
export type OurTask = z.infer<typeof ourTask>

export const ourReport = z.object({
  /** Of the backup or restore itself, without the start of the process. */
  seconds: z.number(),
  peakMiB: z.number(),
})

const forgetful: Journal = {
  read: async () => ({ parts: [], checkpoints: [] }),
  add: async () => {},
  clear: async () => {},
}

if (import.meta.main) {
  const [direction, folder = ''] = process.argv.slice(2)
  const task = ourTask.parse(JSON.parse(process.env.OUR_CLIENT ?? ''))
  const seconds = await run(task, direction === 'restore', folder)
  console.log(JSON.stringify({ seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }))
}

async function run(task: OurTask, isRestore: boolean, folder: string): Promise<number> {
  const { endpoint, region, accessKeyId, secretAccessKey, bucket, keyArn, backup } = task
  const clients = createAwsClients({ region, endpoint, credentials: { accessKeyId, secretAccessKey } }, 'background')
  const identity: BackupIdentity = { installation: 'bench', environment: 'bench', backup, prefix: 'ours' }
  const store = s3Store(clients.s3, bucket)
  const key = kmsKeyWrapper(kmsOf(clients.kms), {
    ...{ keyArn, region, callerArn: undefined },
    ...{ installation: 'bench', environment: 'bench' },
  })
  const started = performance.now()
  if (isRestore) {
    const opened = await openBackup({
      store,
      protection: { method: 'keys', keys: [{ keyId: keyArn, wrapper: key }] },
      identity,
    })
    const draft = `${folder}.restoring`
    await restoreBackup({ backup: opened, target: folder, draft, onProgress: () => undefined })
    renameSync(draft, folder)
  } else {
    await writeBackup({
      store,
      protection: { method: 'keys', keys: [key] },
      identity,
      source: { kind: 'folder', path: folder, include: [], exclude: [] },
      attempt: 1,
      journal: forgetful,
      onProgress: () => undefined,
    })
  }
  const seconds = (performance.now() - started) / 1000
  clients.destroy()
  return seconds
}
