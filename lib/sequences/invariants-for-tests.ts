import { existsSync, readdirSync, rmSync } from 'node:fs'
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { backupFolder, ENVELOPE, MANIFEST } from '#lib/backup/layout.ts'
import type { BackupDetail } from '#lib/backup/schema.ts'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'
import { viewBackups } from '#lib/backup/view-backups.ts'
import { inLine, type Known, type Left, type Model, restoredEntries } from './model-for-tests.ts'
import { buckets, type World } from './world-for-tests.ts'

type State = BackupDetail['state']

/**
 * After each step: nothing hangs, nothing ended otherwise than somebody asked for, and what was restored is identical.
 * @param excused something was out of reach, or two things were done at once: what refuses then may fail
 */
export async function mustHold(world: World, model: Model, excused: boolean): Promise<void> {
  await model.notice(world)
  await restoresMustHold(world, model, excused)
  await verificationsMustHold(world, model, excused)
  const rows = new Map((await world.db.backup.findMany({ omit: { envelope: true } })).map((row) => [row.id, row]))
  const expired = await outdated(world, model, rows)
  for (const known of model.backups.values()) {
    const row = rows.get(known.id)
    const state = row?.state ?? 'gone'
    const words = `Backup ${known.id} was ${known.state} and is ${state}: ${row?.error}`
    const wasComplete = known.state === 'complete' || (row?.state === 'deleting' && row.manifestSha256 !== null)
    const underWayBefore = isUnderWay(known)
    if (!mayBe(state, known, { world, model, excused, expired: expired.has(known.id) })) throw new Error(words)
    // What the database calls complete, and somebody deletes, is gone from the bucket as well.
    if (state === 'deleting' || state === 'gone') if (wasComplete) known.left = undefined
    known.state = state
    if (state !== 'complete') continue
    // It was found in the bucket, or made once more.
    if (known.astray && underWayBefore) inLine(known)
    if (known.vague) continue
    expect({ error: row?.error, files: row?.files, bytes: Number(row?.bytes) }, words).toEqual({
      error: null,
      files: known.content.files,
      bytes: known.content.bytes,
    })
  }
  expect([...rows.keys()].filter((id) => !model.backups.has(id))).toEqual([])
  const rewraps = await world.db.rewrap.findMany({
    where: { state: { in: ['queued', 'running', 'waiting', 'failed'] } },
  })
  expect(rewraps.filter(({ state }) => state !== 'waiting' || world.calm)).toEqual([])
  expect(await world.db.retireProof.findMany({ where: { state: { in: ['queued', 'running', 'failed'] } } })).toEqual([])
}

interface Circumstances {
  readonly world: World
  readonly model: Model
  readonly excused: boolean
  readonly expired: boolean
}

function mayBe(state: State | 'gone', known: Known, { world, model, excused, expired }: Circumstances): boolean {
  const { asked, state: before } = known
  const ended = before === 'failed' || before === 'cancelled'
  switch (state) {
    case 'complete':
      return !ended && before !== 'deleting' && before !== 'gone' && !before.startsWith('shred')
    case 'waiting':
      return !world.calm && (before === 'queued' || before === 'waiting')
    case 'failed':
      return (
        before === 'failed' ||
        ((before === 'queued' || before === 'waiting') && (excused || known.astray || asked.has('loss')))
      )
    case 'cancelled':
      return asked.has('cancel') && before !== 'complete'
    case 'deleting':
    case 'gone':
      return asked.has('delete') || (expired && before === 'complete') || before === state || before === 'deleting'
    case 'shredding':
    case 'shredded':
      return before.startsWith('shred') || (before === 'complete' && model.mayBeShredded(known.id, world.now()))
    default:
      return false
  }
}

/** Those that schedules do not keep: of each, as many as it keeps are left. */
async function outdated(
  world: World,
  model: Model,
  rows: ReadonlyMap<string, { state: string; scheduleId: string | null }>,
) {
  const gone = new Set<string>()
  for (const [schedule, { keep, made }] of model.schedules) {
    for (const row of await world.db.backup.findMany({ where: { scheduleId: schedule } })) made.add(row.id)
    const isComplete = (id: string) => rows.get(id)?.state === 'complete'
    // One that was there when the others were too many may have been deleted since, in the same step.
    const counted = [...made].filter((id) => isComplete(id) || model.backups.get(id)?.asked.has('delete'))
    for (const id of made) if (!isComplete(id) && counted.filter((other) => other !== id).length >= keep) gone.add(id)
  }
  return gone
}

async function restoresMustHold(world: World, model: Model, excused: boolean): Promise<void> {
  for (const [id, asked] of model.restores) {
    const row = await world.db.restore.findUnique({ where: { id } })
    const known = model.backups.get(asked.backupId)
    const isAstray = known?.astray === true
    const words = `Restore ${id} of backup ${asked.backupId} is ${row?.state}: ${row?.error}`
    if (row?.state === 'waiting' && !world.calm) continue
    model.restores.delete(id)
    // Without a row: its backup was deleted after it had ended, however it had.
    if (known && (row?.state === 'complete' || (!row && existsSync(asked.target)))) {
      const entries = restoredEntries(asked.target, known.content)
      if (known.vague) expect(Object.keys(entries).length, words).toBeGreaterThan(0)
      else if (asked.path === undefined) expect(entries, words).toEqual(known.content.entries)
      else expect(entries[asked.path], words).toEqual(known.content.entries[asked.path])
    } else {
      const may =
        !row || (row.state === 'cancelled' && asked.cancelled) || (row.state === 'failed' && (excused || isAstray))
      if (!may) throw new Error(words)
      expect(existsSync(asked.target), words).toBe(false)
    }
    rmSync(asked.target, { recursive: true, force: true })
  }
  const waiting = await world.db.restore.count({ where: { state: 'waiting' } })
  const [root = ''] = world.context.restoreRoots
  if (waiting === 0) expect(readdirSync(root)).toEqual([])
}

async function verificationsMustHold(world: World, model: Model, excused: boolean): Promise<void> {
  for (const [id, backupId] of model.verifications) {
    const row = await world.db.backupVerification.findUnique({ where: { id } })
    if (row?.state === 'waiting' && !world.calm) continue
    model.verifications.delete(id)
    const words = `Verification ${id} of backup ${backupId} is ${row?.state}: ${row?.error}`
    if (model.backups.get(backupId)?.astray) continue
    if (row?.state === 'complete') expect(row.problems, words).toEqual([])
    // One that waited ends with its backup.
    else if (row && !(row.state === 'failed' && (excused || (await isShredded(world, backupId)))))
      throw new Error(words)
  }
}

async function isShredded({ db }: World, id: string): Promise<boolean> {
  return (await db.backup.count({ where: { id, state: { in: ['shredding', 'shredded'] } } })) > 0
}

/** After the clean-up, and with nothing out of reach: the bucket holds what live backups need, and nothing else. */
export async function bucketsMustHold(world: World, model: Model): Promise<void> {
  const stored = await listAll(world)
  const rows = await world.db.backup.findMany({ omit: { warnings: true } })
  for (const row of rows) {
    const { id, bucket } = row
    const folder = folderOf(row)
    const words = `${row.state} backup ${id} of ${row.attempt} attempts in ${folder}`
    const objects = [...stored].filter(([name]) => name.startsWith(folder))
    for (const [name] of objects) stored.delete(name)
    if (model.backups.get(id)?.astray) continue
    const names = objects.map(([name]) => name.slice(folder.length))
    if (row.state === 'failed' || row.state === 'cancelled') expect(names, words).toEqual([])
    else if (row.state === 'complete' || row.state.startsWith('shred')) {
      const envelope = row.state === 'complete' && row.method !== 'none'
      if (row.state !== 'shredding') expect(names.includes(ENVELOPE), words).toBe(envelope)
      expect(names, words).toContain(MANIFEST)
      const bytes = objects.reduce((sum, [name, size]) => sum + (name === folder + ENVELOPE ? 0 : size), 0)
      expect(bytes, words).toBe(Number(row.bytesStored))
    } else throw new Error(`${words} is still there`)
    if (row.state === 'shredded') expect(await versionsOf(world, bucket, folder + ENVELOPE), words).toBe(0)
  }
  const lefts = [...model.backups.values()].flatMap(({ left }) => (left ? [folderOf(left)] : []))
  const left = [...stored.keys()].filter(
    (name) => ![...model.catalogues.keys(), ...lefts].some((address) => name.startsWith(address)),
  )
  expect(left, `objects that nothing needs: ${left}`).toEqual([])
}

function folderOf({
  id: backup,
  prefix,
  environmentId: environment,
  bucket,
}: Omit<Left, 'ways' | 'envelopes' | 'manifest'>) {
  return `s3://${bucket}/${backupFolder({ environment, backup, prefix })}`
}

/** Current objects with their sizes. */
async function listAll(world: World): Promise<Map<string, number>> {
  const stored = new Map<string, number>()
  for (const Bucket of Object.values(buckets)) {
    const { Versions = [], IsTruncated } = await world.sandbox.s3().send(new ListObjectVersionsCommand({ Bucket }))
    expect(IsTruncated).toBe(false)
    for (const { Key = '', IsLatest, Size = 0 } of Versions) if (IsLatest) stored.set(`s3://${Bucket}/${Key}`, Size)
  }
  return stored
}

async function versionsOf(world: World, Bucket: string, address: string): Promise<number> {
  const Prefix = address.slice(`s3://${Bucket}/`.length)
  const { Versions = [] } = await world.sandbox.s3().send(new ListObjectVersionsCommand({ Bucket, Prefix }))
  return Versions.length
}

/** What the list says is what there is. */
export async function listMustHold(world: World, model: Model): Promise<void> {
  const seen = new Map<string, string>()
  for (let before: string | undefined; ; ) {
    const { rows, nextBefore } = await viewBackups(world.context, { text: '', before })
    for (const { id, state, damaged } of rows) seen.set(id, damaged ? 'damaged' : state)
    if (nextBefore === null) break
    before = nextBefore
  }
  const there = [...model.backups.values()].filter(({ state }) => state !== 'gone')
  // One that a verification found missing.
  for (const { id, state, astray } of there) if (astray && seen.get(id) === 'damaged') seen.set(id, state)
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(there.map(({ id, state }) => [id, state])))
}

const endings: Record<string, readonly string[]> = {
  complete: ['backup.finish success'],
  failed: ['backup.finish failed'],
}

/** Each thing that was done stands in the audit log, once. */
export async function auditMustHold(world: World, model: Model): Promise<void> {
  const events = await world.db.auditEvent.findMany({ orderBy: { id: 'asc' } })
  for (const known of model.backups.values()) {
    if (known.untold) continue
    const of = events.filter(({ subject, action }) => action.startsWith('backup.') && subject.includes(known.id))
    const told = of.map(({ action, outcome }) => `${action} ${outcome}`)
    const words = `${known.state} backup ${known.id}: ${told}`
    expect(told.filter((one) => one === 'backup.start success').length, words).toBe(1)
    const ended = told.filter((one) => one.startsWith('backup.finish'))
    expect(ended.length, words).toBeLessThanOrEqual(1)
    if (ended.length === 0) expect(told, words).toContain('backup.cancel success')
    const ending = endings[known.state]
    if (ending) expect(told, words).toEqual(expect.arrayContaining([...ending]))
    if (known.state === 'gone') {
      expect(told.filter((one) => one === 'backup.delete success').length, words).toBe(1)
      expect(told.filter((one) => one === 'backup.deleted success').length, words).toBe(1)
    }
  }
}
