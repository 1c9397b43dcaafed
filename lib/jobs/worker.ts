import { PgBoss } from 'pg-boss'
import { giveUpBackup, runBackup } from '#lib/backup/run-backup.ts'
import { giveUpRestore, runRestore } from '#lib/backup/run-restore.ts'
import { openServices } from '#lib/services.ts'
import { deadQueue, jobPayload, logError, queues } from './queue.ts'
import { registerWorker } from './register-worker.ts'

// The process that makes backups and restores: `node lib/jobs/worker.ts`, with DATABASE_URL set.

const stopping = new AbortController()
const handlers = { backup: runBackup, restore: runRestore }
const giveUp = { backup: giveUpBackup, restore: giveUpRestore }

const services = await openServices()
const boss = new PgBoss({
  connectionString: services.databaseUrl,
  migrate: false,
  createSchema: false,
  schedule: false,
  superviseIntervalSeconds: 5,
  monitorIntervalSeconds: 5,
  max: 4,
})
boss.on('error', logError)
await boss.start()
for (const queue of queues) {
  await boss.work(
    queue,
    { pollingIntervalSeconds: 0.5, heartbeatRefreshSeconds: 3, localConcurrency: 2 },
    async ([job]) => {
      if (!job) return
      const { id } = jobPayload.parse(job.data)
      await handlers[queue](services.backup, id, AbortSignal.any([job.signal, stopping.signal]))
    },
  )
  await boss.work(deadQueue(queue), { pollingIntervalSeconds: 5 }, async ([job]) => {
    if (job) await giveUp[queue](services.backup, jobPayload.parse(job.data).id)
  })
}

const registration = await registerWorker(services.db)
process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())
process.send?.({ ready: true })

async function stop(): Promise<void> {
  // Running work is given back to the queue at once, and goes on after the next start.
  stopping.abort(new Error('This worker is stopping.'))
  try {
    await boss.stop({ graceful: true, timeout: 5_000 })
    await registration.withdraw()
    await services.close()
  } catch (error) {
    logError(error instanceof Error ? error : new Error(String(error)))
  }
  process.exit(0)
}
