import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cancelBackup, cancelRestore } from '#lib/backup/cancel-job.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { receiveBackup } from '#lib/backup/receive-backup.ts'
import { startBackup } from '#lib/backup/start-backup.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { startVerification } from '#lib/backup/start-verification.ts'
import { AppError } from '#lib/errors.ts'
import { addSchedule, changeSchedule } from '#lib/schedules/change-schedules.ts'
import { runDueSchedules } from '#lib/schedules/run-due.ts'
import { addScheduleSchema } from '#lib/schedules/schema.ts'
import { type Model, uploadOf } from './model-for-tests.ts'
import { newTarget } from './opens-for-tests.ts'
import type { World } from './world-for-tests.ts'

/** @returns what was done, in words; undefined: there was nothing to do it to */
export type Operation = (world: World, model: Model) => Promise<string | undefined>

/** What is asked of something that is in another state by then is refused, with a sentence. */
export async function orRefused<T>(run: () => Promise<T>): Promise<T | AppError> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof AppError && ['conflict', 'invalid', 'not-found'].includes(error.code)) return error
    throw error
  }
}

const folders = ['first', 'second', 'third']
const folderOf = (world: World, name: string) => path.join(world.context.sourceRoots[0] ?? '', name)
const underWay = { in: ['queued' as const, 'running' as const, 'waiting' as const] }

/** Before the first step: a tree in each folder. */
export function plant(world: World): void {
  for (const name of folders) {
    const folder = folderOf(world, name)
    mkdirSync(path.join(folder, 'inner', 'empty'), { recursive: true })
    for (let file = 0; file < 4; file += 1)
      writeFileSync(path.join(folder, 'inner', `${file}`), randomBytes(world.below(50_000)))
  }
}

/** What is being backed up, or will be, stays: which of two states came back could not be told. */
const change: Operation = async (world, model) => {
  await model.notice(world)
  const name = world.oneOf(folders)
  const source = folderOf(world, name)
  if (await world.db.backup.findFirst({ where: { source, state: underWay } })) return undefined
  const file = path.join(source, 'inner', `${world.below(6)}`)
  rmSync(file, { force: true })
  // Now and then one that takes several segments.
  const size = world.chance(0.1) ? (17 << 20) + world.below(20 << 20) : world.below(80_000)
  if (world.chance(0.8)) writeFileSync(file, randomBytes(size))
  return `change ${file}`
}

const backUp: Operation = async (world) => {
  const source = folderOf(world, world.oneOf(folders))
  return `back up ${await startBackup(world.context, { source, name: '' }, 'page', actor)}`
}

const upload: Operation = async (world, model) => {
  const bytes = randomBytes(world.below(200_000))
  const end = world.oneOf(['whole', 'whole', 'lost', 'cancelled'] as const)
  let id = ''
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000)
    if (end === 'lost') throw new Error('aborted')
    if (end !== 'cancelled') return
    await cancelBackup(world.context, id, actor)
    // More of it comes until somebody notices.
    for (;;) yield await delay(10, randomBytes(100))
  }
  const onStart = (started: string) => {
    id = started
    model.know(id, uploadOf('upload', bytes))
    if (end === 'lost') model.ask(id, 'loss')
    if (end === 'cancelled') model.ask(id, 'cancel')
  }
  const wish = { name: 'upload', from: 'Upload', actor, onStart }
  const input = { kind: 'stream', name: 'upload', bytes: pieces() } as const
  const { state } = await receiveBackup(world.context, wish, input, new AbortController().signal)
  return `upload ${id}, ${end}: ${state}`
}

const cancel: Operation = async (world, model) => {
  const rows = await world.db.backup.findMany({
    where: { state: underWay, sourceKind: 'folder' },
    orderBy: { id: 'asc' },
  })
  const row = world.maybeOneOf(rows)
  if (!row) return undefined
  await model.notice(world)
  model.ask(row.id, 'cancel')
  const result = await orRefused(() => cancelBackup(world.context, row.id, actor))
  return `cancel ${row.id}: ${result}`
}

async function oneComplete(world: World, model: Model): Promise<string | undefined> {
  await model.notice(world)
  const rows = await world.db.backup.findMany({
    where: { state: 'complete' },
    orderBy: { id: 'asc' },
    select: { id: true },
  })
  return world.maybeOneOf(rows)?.id
}

const remove: Operation = async (world, model) => {
  const id = await oneComplete(world, model)
  if (id === undefined) return undefined
  const refused = await orRefused(() => deleteBackup(world.context, id, actor))
  if (refused === undefined) model.ask(id, 'delete')
  return `delete ${id}: ${refused ?? 'asked'}`
}

const removeEnded: Operation = async (world, model) => {
  await model.notice(world)
  const state = { in: ['failed' as const, 'cancelled' as const, 'shredded' as const] }
  const row = world.maybeOneOf(await world.db.backup.findMany({ where: { state }, orderBy: { id: 'asc' } }))
  if (!row) return undefined
  const refused = await orRefused(() => deleteBackup(world.context, row.id, actor))
  if (refused === undefined) model.ask(row.id, 'delete')
  return `delete ${row.state} ${row.id}: ${refused ?? 'asked'}`
}

const restore: Operation = async (world, model) => {
  const backupId = await oneComplete(world, model)
  if (backupId === undefined) return undefined
  const files = Object.entries(model.backups.get(backupId)?.content.entries ?? {}).filter(([, facts]) =>
    /\d bytes/.test(facts),
  )
  const part = world.chance(0.3) ? world.maybeOneOf(files)?.[0] : undefined
  const target = newTarget(world)
  const paths = part === undefined ? [] : [part]
  const id = await orRefused(() => startRestore(world.context, { backupId, target, paths }, 'page', actor))
  if (typeof id === 'string') model.askRestore(id, { backupId, target, path: part, cancelled: false })
  return `restore ${part ?? 'all'} of ${backupId}: ${id}`
}

const cancelARestore: Operation = async (world, model) => {
  const row = world.maybeOneOf(await world.db.restore.findMany({ where: { state: underWay }, orderBy: { id: 'asc' } }))
  const asked = row && model.restores.get(row.id)
  if (!row || !asked) return undefined
  asked.cancelled = true
  return `cancel restore ${row.id}: ${await orRefused(() => cancelRestore(world.context, row.id, actor))}`
}

const verify: Operation = async (world, model) => {
  const backupId = await oneComplete(world, model)
  if (backupId === undefined) return undefined
  const depth = world.oneOf(['quick', 'full'] as const)
  const id = await orRefused(() => startVerification(world.context, { backupId, depth }, actor))
  if (typeof id === 'string') model.verifications.set(id, backupId)
  return `verify ${depth} ${backupId}: ${id}`
}

const schedule: Operation = async (world, model) => {
  const known = world.maybeOneOf(await world.db.schedule.findMany({ orderBy: { id: 'asc' } }))
  if (!known || (model.schedules.size < 2 && world.chance(0.2))) {
    const keep = 1 + world.below(2)
    const source = folderOf(world, world.oneOf(folders))
    const wish = addScheduleSchema.parse({
      source,
      name: '',
      every: 'daily',
      at: '02:00',
      keep,
      include: '',
      exclude: '',
    })
    const { id } = await addSchedule(world.context, wish, 'page', actor)
    model.schedules.set(id, { keep, made: new Set() })
    return `schedule ${id} keeps ${keep}`
  }
  await changeSchedule(world.context, known.id, 'run', actor)
  await runDueSchedules(world.context)
  return `run schedule ${known.id}`
}

const cleanUp: Operation = async (world) => {
  await world.cleanUp()
  return 'clean up'
}

export const operations: Readonly<Record<string, Operation>> = {
  change,
  backUp,
  upload,
  cancel,
  remove,
  removeEnded,
  restore,
  cancelARestore,
  verify,
  schedule,
  cleanUp,
}
