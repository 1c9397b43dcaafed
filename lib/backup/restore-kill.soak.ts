import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { actor, openTestConsole } from './console-for-tests.ts'
import { draftOf } from './restore-drafts.ts'
import { runBackup } from './run-backup.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { seededRandom, shareSandbox, startTestWorker } from './workers-for-tests.ts'

const files = Array.from({ length: 6 }, (_, number) => `file-${number}`)

test('a worker is killed (kill -9) in the middle of restores: the next one goes on from what was finished', async () => {
  const { seed, runs } = soakSize('Kills in the middle of a restore', 10)
  const random = seededRandom(seed)
  const sandbox = await openTestSandbox()
  const here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  let worker: Awaited<ReturnType<typeof startTestWorker>> | undefined
  try {
    shareSandbox(here, sandbox)
    await here.save({ masterKey: keyArn(sandbox.info, 'backups') })
    const source = path.join(here.context.sourceRoots[0] ?? '', 'source')
    mkdirSync(source)
    for (const name of files) writeFileSync(path.join(source, name), randomBytes(16 << 20))
    const backupId = await startBackup(here.context, { source, name: '' }, 'page', actor)
    await runBackup(here.context, backupId, new AbortController().signal)
    worker = await startTestWorker(here, hostname())
    const row = (id: string) => here.db.restore.findUniqueOrThrow({ where: { id } })
    for (let run = 0; run < runs; run += 1) {
      const parent = path.join(here.context.restoreRoots[0] ?? '', `run-${run}`)
      mkdirSync(parent)
      const target = path.join(parent, 'restored')
      const fault = { service: 's3', operation: 'GetObject', effect: 'Latency', latencyMs: 600 }
      await sandbox.control('PUT', 'faults', [fault])
      const id = await startRestore(here.context, { backupId, target }, 'host', actor)
      const last = files[Math.floor(random() * (files.length - 3))] ?? ''
      const draft = draftOf({ id, target, attempt: 1 })
      await expect.poll(() => existsSync(path.join(draft, last)), { timeout: 60_000, interval: 5 }).toBe(true)
      await worker.kill()
      const finished = readdirSync(draft).filter((name) => files.includes(name)).length
      await sandbox.control('DELETE', 'faults')
      worker = await startTestWorker(here, hostname())
      // By now what the dead one had asked for was answered, and its job is still its own.
      await sandbox.control('DELETE', 'requests')
      await expect.poll(async () => (await row(id)).state, { timeout: 180_000 }).toBe('complete')
      expect(await row(id)).toMatchObject({ attempt: 2, files: files.length })
      expect(describeTree(target)).toEqual(describeTree(source))
      await expect.poll(() => readdirSync(parent), { timeout: 10_000 }).toEqual(['restored'])
      // Seven segments, each of which begins with the end of a file; and what opens them.
      const GetObject = (await sandbox.control('GET', 'requests')).counts.s3?.GetObject
      expect(GetObject).toBeLessThanOrEqual(7 - finished + 3)
    }
  } finally {
    await worker?.stop()
    await here.close()
    await sandbox.close()
  }
})
