import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { createAwsClients } from '#lib/aws/clients.ts'
import { saveEnvironment } from '#lib/environment/save-environment.ts'
import { isDatabaseError } from '#lib/errors.ts'
import type { Services } from '#lib/services.ts'
import { s3Store } from '#lib/storage/s3-store.ts'
import { connectBackup } from './backup-context.ts'
import { cleanUpDue, partsOf } from './clean-up.ts'
import { actor, settings } from './console-for-tests.ts'
import { KilledConsole, type Victim } from './killed-console-for-tests.ts'
import { backupFolder, ENVELOPE, MANIFEST, partName } from './layout.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { seededRandom } from './workers-for-tests.ts'

const bucket = 'vault-hosted-us-east-1'
const never = new AbortController().signal
const unfinished = { in: ['queued' as const, 'running' as const, 'waiting' as const] }

/**
 * A whole console, of which one part is killed (kill -9) again and again while backups and restores run. Afterwards every
 * complete backup restores identical, every other one is marked failed with a sentence, a restore is all there or not at
 * all, and the bucket holds nothing that no manifest names.
 */
export async function killCampaign({ victim, kills, seed }: { victim: Victim; kills: number; seed: number }) {
  const random = seededRandom(seed)
  const console = await KilledConsole.open()
  let services: Services | undefined
  try {
    services = await console.services()
    const { db, backup: context } = services
    const confirm = async () => 'confirmed' as const
    const saved = await saveEnvironment(context, settings({ masterKey: await console.masterKey() }), 0, actor, {
      confirm,
    })
    expect(saved).toMatchObject({ status: 'success' })
    const sources = [1, 20, 40].map((megabytes) => plant(path.join(console.sources, `of-${megabytes}`), megabytes))
    const truth = new Map(sources.map((source) => [source, describeTree(source)]))

    const attempts = async () => (await db.backup.aggregate({ _sum: { attempt: true } }))._sum.attempt ?? 0
    let begun = 0
    for (let kill = 0; kill < kills; ) {
      await eventually(async () => {
        await console.start()
        await console.slowDown(150)
        for (let active = await db.backup.count({ where: { state: unfinished } }); active < 4; active += 1) {
          const source = sources[Math.floor(random() * sources.length)] ?? ''
          await startBackup(context, { source, name: '' }, 'host', actor)
        }
        if ((await db.restore.count({ where: { state: unfinished } })) > 0) return
        const complete = await db.backup.findFirst({ where: { state: 'complete' }, orderBy: { createdAt: 'desc' } })
        const target = path.join(console.restores, `meanwhile-${kill}`)
        if (complete && !existsSync(target))
          await startRestore(context, { backupId: complete.id, target }, 'host', actor)
      })
      // Something has begun since the last kill; then a random moment of it.
      await until(async () => {
        await console.start()
        return (await attempts()) > begun
      }, 120_000)
      await sleep(200 + random() * 3000)
      begun = await attempts().catch(() => begun)
      if (await console.kill(victim, random)) kill += 1
    }
    await eventually(async () => {
      await console.start()
      await console.slowDown(0)
    })
    const allEnded = () =>
      until(async () => {
        await console.start()
        const backups = await db.backup.count({ where: { state: unfinished } })
        return backups + (await db.restore.count({ where: { state: unfinished } })) === 0
      }, 8 * 60_000)
    await allEnded()

    const rows = await db.backup.findMany()
    for (const { id, state } of rows)
      if (state === 'complete') {
        const target = path.join(console.restores, id)
        await startRestore(context, { backupId: id, target }, 'host', actor)
      }
    await allEnded()
    const restores = await db.restore.findMany({ include: { backup: true } })
    for (const { target, state, error, backup } of restores)
      if (state === 'complete') expect(describeTree(target)).toEqual(truth.get(backup.source))
      else {
        expect(existsSync(target)).toBe(false)
        expect(error).toMatch(/^[A-Z].{20,}\.$/)
      }
    // Every complete one was restored, whatever became of those that were killed meanwhile.
    for (const { id, state } of rows)
      if (state === 'complete') expect(existsSync(path.join(console.restores, id))).toBe(true)
    // Of a worker that was killed after the end of a restore, the next one tidies up.
    const left = () => readdirSync(console.restores).filter((name) => name.startsWith('.'))
    await expect.poll(left, { timeout: 60_000 }).toEqual([])
    // As the pass does it two minutes later.
    await db.backup.updateMany({ data: { finishedAt: new Date(Date.now() - 600_000), nextTryAt: null } })
    await cleanUpDue(context, never)
    const named = new Set<string>()
    for (const row of rows) {
      if (row.state !== 'complete') {
        expect({ state: row.state, error: row.error }).toEqual({
          state: 'failed',
          error: expect.stringMatching(/^[A-Z].{20,}\.$/),
        })
        continue
      }
      const connection = await connectBackup(context, row)
      const names = [ENVELOPE, MANIFEST, ...(await partsOf(row, connection)).map(({ place }) => partName(place))]
      for (const name of names) named.add(backupFolder(connection.identity) + name)
      connection.close()
    }
    // A worker's own pass may be in the middle of the same.
    await expect.poll(() => objectsIn(context), { timeout: 60_000 }).toEqual([...named].sort())
    expect(await db.backupPart.count()).toBe(0)
    const count = (list: readonly { state: string }[], state: string) =>
      list.filter((one) => one.state === state).length
    return {
      kills,
      backups: rows.length,
      complete: count(rows, 'complete'),
      failed: count(rows, 'failed'),
      resumed: rows.filter(({ state, attempt }) => state === 'complete' && attempt > 1).length,
      mostAttempts: Math.max(...rows.map(({ attempt }) => attempt)),
      restores: restores.length,
      restoresComplete: count(restores, 'complete'),
      restoresResumed: restores.filter(({ state, attempt }) => state === 'complete' && attempt > 1).length,
    }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${console.words()}`, { cause: error })
  } finally {
    await services?.close()
    await console.remove()
  }
}

function plant(folder: string, megabytes: number): string {
  mkdirSync(path.join(folder, 'inner'), { recursive: true })
  for (let file = 0; file < 50; file += 1)
    writeFileSync(path.join(folder, 'inner', `small-${file}`), randomBytes(file * 20))
  for (let file = 0; file < 4; file += 1)
    writeFileSync(path.join(folder, `large-${file}`), randomBytes(megabytes * (1 << 18)))
  return folder
}

async function objectsIn({ own }: Services['backup']): Promise<string[]> {
  const clients = createAwsClients({ ...own, region: 'us-east-1' }, 'background')
  try {
    const keys: string[] = []
    for await (const { key } of s3Store(clients.s3, bucket).list('')) keys.push(key)
    return keys.sort()
  } finally {
    clients.destroy()
  }
}

async function until(condition: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition().catch(whileDown))) {
    if (performance.now() > deadline) throw new Error('Backups or restores neither end nor fail.')
    await sleep(250)
  }
}

/** Again until it succeeds: the database or the sandbox is just being started again. */
async function eventually(run: () => Promise<void>): Promise<void> {
  await until(() => run().then(() => true), 60_000)
}

function whileDown(error: unknown): false {
  if (
    isDatabaseError(error) ||
    (error instanceof Error &&
      /connect|terminat|ECONN|does not answer|No sandbox|shutting|starting up|recovery/i.test(error.message))
  )
    return false
  throw error
}
