import { hostname } from 'node:os'
import { openWhenUnsealed } from '#lib/seal/keep-unsealing.ts'
import { openServices } from '#lib/services.ts'
import { logError } from './queue.ts'
import { runWorker } from './run-worker.ts'

// The process that makes backups and restores: `node lib/jobs/worker.ts`, with DATABASE_URL set.

const services = await openWhenUnsealed(
  () => openServices(),
  // A sealed worker is not a broken one: it works as soon as the key answers.
  (sealed) => sealed && process.send?.({ ready: true }),
)
const { sourceRoots, restoreRoots } = services.env
const worker = await runWorker(services, { host: hostname(), sourceRoots, restoreRoots })
process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())
process.send?.({ ready: true })
void worker.outdated.then((error) => {
  logError(error)
  return stop(1)
})

async function stop(exitCode = 0): Promise<void> {
  try {
    await worker.stop()
    await services.close()
  } catch (error) {
    logError(error instanceof Error ? error : new Error(String(error)))
  }
  process.exit(exitCode)
}
