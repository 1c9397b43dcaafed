import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { cleanUpDue } from './clean-up.ts'
import { actor, openTestConsole } from './console-for-tests.ts'
import { runRestore } from './run-restore.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { seededRandom, shareSandbox, startTestWorker, type TestWorker } from './workers-for-tests.ts'

interface Campaign {
  readonly hosts: readonly string[]
  readonly workersPerHost: number
  readonly backups: number
  /** How many workers are killed (kill -9), each at a random moment, and started again. */
  readonly kills: number
  readonly seed: number
  /** Bytes that cannot be compressed, in each backup. */
  readonly bytes: number
}

/** Afterwards every backup is complete and restores identical, and the bucket holds nothing that no manifest names. */
export async function severalWorkers({ hosts, workersPerHost, backups, kills, seed, bytes }: Campaign): Promise<void> {
  const random = seededRandom(seed)
  const sandbox = await openTestSandbox()
  const here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  const workers: { host: string; worker: TestWorker }[] = []
  try {
    shareSandbox(here, sandbox)
    await here.save({ masterKey: keyArn(sandbox.info, 'backups') })
    const places = hosts.flatMap((host) => Array.from({ length: workersPerHost }, () => host))
    const starting = places.map(async (host) => workers.push({ host, worker: await startTestWorker(here, host) }))
    await Promise.all(starting)
    // Slow enough to be killed in the middle.
    await sandbox.control('PUT', 'faults', [
      { service: 's3', operation: 'PutObject', effect: 'Latency', latencyMs: 300 },
    ])
    const made: { id: string; source: string }[] = []
    for (let number = 0; number < backups; number += 1) {
      const source = path.join(here.context.sourceRoots[0] ?? '', `source-${number}`)
      mkdirSync(source)
      for (let file = 0; file < 4; file += 1) writeFileSync(path.join(source, `file-${file}`), randomBytes(bytes / 4))
      const host = hosts[number % hosts.length] ?? ''
      made.push({ source, id: await startBackup(here.context, { source, name: '', host }, 'page', actor) })
    }
    for (let kill = 0; kill < kills; kill += 1) {
      const before = await completed()
      // At a random moment of the whole.
      await expect
        .poll(completed, { timeout: 120_000, interval: 20 })
        .toBeGreaterThan(Math.min(backups - 2, before + Math.floor((random() * backups) / kills)) - 1)
      const victim = workers[Math.floor(random() * workers.length)]
      if (!victim) throw new Error('There is no worker.')
      await victim.worker.kill()
      victim.worker = await startTestWorker(here, victim.host)
    }
    await expect.poll(completed, { timeout: 600_000, interval: 250 }).toBe(backups)
    await sandbox.control('DELETE', 'faults')
    // What follows is done by this process.
    await Promise.all(workers.splice(0).map(({ worker }) => worker.stop()))
    // Of the killed ones, which count as alive for half a minute.
    await here.db.worker.deleteMany()
    for (const { id, source } of made) {
      const target = path.join(here.context.restoreRoots[0] ?? '', id)
      const restore = await startRestore(here.context, { backupId: id, target }, 'host', actor)
      await runRestore(here.context, restore, new AbortController().signal)
      const { state, error } = await here.db.restore.findUniqueOrThrow({ where: { id: restore } })
      expect({ state, error }).toEqual({ state: 'complete', error: null })
      expect(describeTree(target)).toEqual(describeTree(source))
    }
    // As the pass does it two minutes later.
    await here.db.backup.updateMany({ data: { finishedAt: new Date(Date.now() - 600_000) } })
    await cleanUpDue(here.context, new AbortController().signal)
    const rows = await here.db.backup.findMany({ select: { bytesStored: true, envelope: true } })
    const named = rows.reduce((sum, row) => sum + Number(row.bytesStored) + (row.envelope?.length ?? 0), 0)
    expect(await bytesInBucket()).toBe(named)
  } finally {
    await Promise.all(workers.map(({ worker }) => worker.stop()))
    await here.close()
    await sandbox.close()
  }

  async function completed(): Promise<number> {
    const failed = await here.db.backup.findMany({ where: { state: { in: ['failed', 'cancelled'] } } })
    expect(failed.map(({ error }) => error)).toEqual([])
    return here.db.backup.count({ where: { state: 'complete' } })
  }

  async function bytesInBucket(): Promise<number> {
    let bytes = 0
    const pages = paginateListObjectsV2({ client: sandbox.s3() }, { Bucket: 'vault-hosted-us-east-1' })
    for await (const page of pages) for (const { Size = 0 } of page.Contents ?? []) bytes += Size
    return bytes
  }
}
