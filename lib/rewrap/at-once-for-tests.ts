import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import type { Fault } from '#lib/sandbox/schema.ts'
import { requestOf, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'

const never = new AbortController().signal

/**
 * In each run, at once and with seeded delays in between: a re-wrap of two backups, a restore of one of them, and a backup
 * of the same folder in the same environment, which ends under the key that goes, or under its successor. None fails; what
 * was restored is identical; everything opens afterwards.
 */
export async function rewrapMeanwhile({ runs, seed }: { runs: number; seed: number }) {
  const random = seededRandom(seed)
  const sandbox = await openTestSandbox()
  const here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  const figures = { runs: 0, restores: 0, backups: 0, exchanged: 0, newUnderOld: 0, newTakenAlong: 0 }
  try {
    const main = keyArn(sandbox.info, 'backups')
    const keys = [main, keyArn(sandbox.info, 'archive'), 'AES-256']
    await here.save({ masterKey: 'alias/backups' })
    const source = path.join(here.context.sourceRoots[0] ?? '', 'source')
    mkdirSync(path.join(source, 'inner'), { recursive: true })
    for (let file = 0; file < 5; file += 1)
      writeFileSync(path.join(source, 'inner', `${file}`), `file ${file}\n`.repeat(1 + file * 400))
    const truth = await describeTree(source)
    const backUp = async () => {
      const id = await startBackup(here.context, { source, name: '' }, 'host', actor)
      await runBackup(here.context, id, never)
      return id
    }
    const ids = [await backUp(), await backUp()]
    let from = main
    for (let run = 0; run < runs; run += 1) {
      // Half of the time the environment makes new backups under the very key that goes.
      const others = keys.filter((key) => key !== from)
      const to = others[Math.floor(random() * others.length)] ?? main
      const words = `run ${run} of seed ${seed}: ${from} to ${to}`
      await sandbox.control('PUT', 'faults', slow(random))
      const id = await startNow(here.context, requestOf(from, to))
      const soon = () => delay(random() * 60)
      const waits = [soon(), soon(), soon()]
      const target = ids[Math.floor(random() * ids.length)] ?? ''
      const [restored, made] = await Promise.all([
        waits[0]?.then(() => restore(here, target, `${run}`)),
        waits[1]?.then(backUp),
        waits[2]?.then(() => runRewrap(here.context, id, never)),
      ])
      await sandbox.control('DELETE', 'faults')
      expect(restored?.row, words).toMatchObject({ state: 'complete', error: null })
      expect(await describeTree(restored?.target ?? ''), words).toEqual(truth)
      const fresh = await here.db.backup.findUniqueOrThrow({ where: { id: made ?? '' } })
      expect(fresh, words).toMatchObject({ state: 'complete', error: null, nextEnvelope: null })
      const whole = await stands(here.context, id)
      expect(whole, words).toMatchObject({ state: 'complete', failed: 0, failures: [] })
      expect(whole.done, words).toBe(whole.total)
      for (const one of ids) {
        const { keyIds } = await here.db.backup.findUniqueOrThrow({ where: { id: one } })
        expect(
          keyIds.map((keyId) => (keyId.startsWith('root-key/') ? 'AES-256' : keyId)),
          words,
        ).toEqual([to])
      }
      const again = await restore(here, fresh.id, `fresh ${run}`)
      expect(again.row, words).toMatchObject({ state: 'complete' })
      figures.runs += 1
      figures.restores += 2
      figures.backups += 1
      figures.exchanged += whole.exchanged
      if (from === main) figures[fresh.generation > 1 ? 'newTakenAlong' : 'newUnderOld'] += 1
      await here.db.restore.deleteMany()
      await here.db.backup.delete({ where: { id: fresh.id } })
      from = to
    }
    return figures
  } finally {
    await here.close()
    await sandbox.close()
  }
}

/** Now and then one kind of call takes its time, so that the three meet at other places. */
function slow(random: () => number): Fault[] {
  const calls = [
    ['kms', 'Decrypt'],
    ['kms', 'Encrypt'],
    ['s3', 'GetObject'],
    ['s3', 'PutObject'],
  ] as const
  return calls.flatMap(([service, operation]) =>
    random() < 0.4 ? [{ service, operation, effect: 'Latency', latencyMs: Math.ceil(random() * 80) }] : [],
  )
}

async function restore({ context, db }: TestConsole, backupId: string, name: string) {
  const target = path.join(context.restoreRoots[0] ?? '', name)
  const id = await startRestore(context, { backupId, target }, 'host', actor)
  await runRestore(context, id, never)
  return { target, row: await db.restore.findUniqueOrThrow({ where: { id } }) }
}
