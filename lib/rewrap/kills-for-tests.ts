import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'vitest'
import { actor, openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import type { Fault } from '#lib/sandbox/schema.ts'
import { comesOnce, type KillPoint, killPoints } from './kill-points-for-tests.ts'
import { contentOf, opensAsItsRowSays, plantBackups } from './plant-backups-for-tests.ts'
import { requestOf, rewrapNow, stands, startNow } from './rewrap-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'
import { rewrapEnded } from './schema.ts'
import { resumeRewrap } from './steer-rewrap.ts'

const root = path.join(import.meta.dirname, '..', '..')
const never = new AbortController().signal
const backups = 6

/**
 * A re-wrap in a process of its own is killed (kill -9), at each of its steps in turn and at moments in between, again and
 * again; in two of five runs KMS or S3 throttle, refuse or are gone meanwhile. After each: every backup opens with the keys
 * that its row says, each alone; then the re-wrap goes on to its end, every backup is counted once, and one restores.
 * @param first the kill point to begin with
 */
export async function killRewraps({ kills, seed, first = 0 }: { kills: number; seed: number; first?: number }) {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] ?? fail()
  const sandbox = await openTestSandbox()
  const here = await openTestConsole({ endpoint: sandbox.sandbox.endpoint, credentials: sandbox.administrator })
  const cache = mkdtempSync(path.join(tmpdir(), 'compile-cache-'))
  const figures = { runs: 0, killed: 0, withFaults: 0, inTheMiddle: 0, paused: 0, waited: 0, listed: 0, restored: 0 }
  const points = new Map<string, number>()
  try {
    const kms = [
      keyArn(sandbox.info, 'backups'),
      keyArn(sandbox.info, 'archive'),
      keyArn(sandbox.info, 'backups', 'us-west-2'),
    ]
    const names = [...kms, 'AES-256']
    await here.save({ masterKey: 'alias/backups' })
    const ids = await plantBackups(here, backups)
    let from = names[0] ?? ''
    for (let run = 0; run < kills; run += 1) {
      const at = killPoints[(first + run) % killPoints.length] ?? ''
      // Root keys take no call of KMS: where one is to be met, the new key is one of KMS.
      const to = pick((at.includes('kms') ? kms : names).filter((name) => name !== from))
      const nth = comesOnce(at) ? 1 : 1 + Math.floor(random() * 5)
      const point: KillPoint = { at, nth, afterMs: random() < 0.5 ? 0 : random() * 8 }
      const faultSeed = Math.floor(random() * 1e6)
      const faults = at.includes('list')
        ? [{ service: 's3', operation: 'PutObject', effect: 'AccessDenied', probability: 0.5, seed: faultSeed }]
        : random() < 0.4
          ? [pick(troubles({ from, to }, faultSeed))]
          : []
      const words = `run ${run} of seed ${seed}: ${from} to ${to}, ${JSON.stringify(point)}, ${JSON.stringify(faults)}`
      const id = await startNow(here.context, requestOf(from, to))
      await sandbox.control('PUT', 'faults', faults)
      const killed = await killedRewrap(here, id, point, cache)
      await sandbox.control('DELETE', 'faults')
      figures.runs += 1
      figures.withFaults += faults.length
      if (killed) {
        figures.killed += 1
        points.set(at, (points.get(at) ?? 0) + 1)
      }

      const isOf = (keyId: string, name: string) =>
        keyId === name || (name === 'AES-256' && keyId.startsWith('root-key/'))
      const half = await stands(here.context, id)
      if (half.state === 'paused') figures.paused += 1
      if (half.state === 'waiting') figures.waited += 1
      figures.inTheMiddle += await here.db.backup.count({ where: { nextEnvelopeSha256: { not: null } } })
      for (const one of ids) {
        const opened = await opensAsItsRowSays(here, one)
        expect(opened, words).toHaveLength(1)
        expect(
          opened.every((keyId) => isOf(keyId, from) || isOf(keyId, to)),
          words,
        ).toBe(true)
      }

      // As the queue gives it to the next worker, and as somebody resumes one that paused by itself.
      for (let tries = 0; !rewrapEnded((await stands(here.context, id)).state); tries += 1) {
        expect(tries, words).toBeLessThan(4)
        if ((await stands(here.context, id)).state === 'paused') await resumeRewrap(here.context, id, actor)
        await runRewrap(here.context, id, never)
      }
      const whole = await stands(here.context, id)
      expect(whole, words).toMatchObject({ state: 'complete', total: backups, done: backups })
      expect(whole.exchanged + whole.failed, words).toBe(backups)
      figures.listed += whole.failed
      // What was refused while KMS refused is taken up by another.
      if (whole.failed > 0) await rewrapNow(here.context, from, to)
      for (const one of ids) {
        const opened = await opensAsItsRowSays(here, one)
        expect(
          opened.every((keyId) => isOf(keyId, to)),
          words,
        ).toBe(true)
      }
      const number = Math.floor(random() * ids.length)
      expect(await restore(here, ids[number] ?? ''), words).toBe(contentOf(number))
      figures.restored += 1
      from = to
    }
    return { ...figures, points: Object.fromEntries(points) }
  } finally {
    await here.close()
    await sandbox.close()
    rmSync(cache, { recursive: true, force: true })
  }
}

/** Each ends by itself before the SDK has given up everything, so that a run does not last for minutes. */
function troubles({ from, to }: { from: string; to: string }, seed: number): Fault[] {
  const kms = { service: 'kms', operation: '*', seed } as const
  const ofKey = (name: string) => (name === 'AES-256' ? {} : { keyId: name })
  return [
    { ...kms, effect: 'Throttle', probability: 0.5, times: 6 },
    { ...kms, effect: 'Throttle', times: 5 },
    { ...kms, effect: 'Outage', times: 60 },
    { ...kms, effect: 'Reset', probability: 0.6, times: 8 },
    { ...kms, operation: 'Decrypt', ...ofKey(from), effect: 'AccessDenied', probability: 0.4 },
    { ...kms, operation: 'Encrypt', ...ofKey(to), effect: 'AccessDenied', probability: 0.5 },
    { ...kms, operation: 'Decrypt', ...ofKey(to), effect: 'AccessDenied', probability: 0.5 },
    { service: 's3', operation: 'PutObject', effect: 'InternalError', probability: 0.5, times: 3, seed },
    { service: 's3', operation: 'PutObject', effect: 'AccessDenied', probability: 0.5, seed },
    { service: 's3', operation: 'GetObject', effect: 'Reset', probability: 0.5, times: 3, seed },
  ]
}

/** @returns whether it was killed; false: it ended before it came to that point */
async function killedRewrap(here: TestConsole, id: string, point: KillPoint, cache: string): Promise<boolean> {
  const { dataDir, own, installation } = here.context
  const task = JSON.stringify({ url: here.url, dataDir, own, installation, id, point })
  const program = path.join('lib', 'rewrap', 'killed-rewrap-for-tests.ts')
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, task], {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code, signal] = await once(child, 'exit')
  if (signal === 'SIGKILL') return true
  if (code !== 0) throw new Error(`The process that was to be killed ended by itself with ${code}:\n${output}`)
  return false
}

let targets = 0
async function restore({ context, db }: TestConsole, backupId: string): Promise<string> {
  targets += 1
  const target = path.join(context.restoreRoots[0] ?? '', `${targets}`)
  const id = await startRestore(context, { backupId, target }, 'host', actor)
  await runRestore(context, id, never)
  expect(await db.restore.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'complete', error: null })
  return readFileSync(path.join(target, 'file'), 'utf8')
}

function fail(): never {
  throw new Error('Nothing to choose from.')
}
