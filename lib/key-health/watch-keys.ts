import { closeAlert } from '#lib/alerts/raise-alert.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { type Db, databaseClock, type Tx } from '#lib/db.ts'
import { eachOf } from '#lib/each-of.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { pruneCalls } from '#lib/kms-calls/view-calls.ts'
import { log } from '#lib/log.ts'
import { keysInUse, type Weigh, weighing } from './dependents.ts'
import { type Probe, probeKey, worstOf } from './probe-key.ts'
import { type KeyUse, reachKey, usesOf } from './reach-key.ts'
import { type Moment, recordProbe, recordSkip } from './record-probe.ts'
import { type HealthTimes, healthDays, type KeyState } from './schema.ts'
import { stateOf } from './state-of.ts'

// Every worker looks now and then:
// 1. each key that something depends on has a row, and no other key has one;
// 2. whoever moves a due key's next check into the future makes the check, and no other worker does;
// 3. a key that real use has just proven both ways is not tried.

const atOnce = 8
/** For somebody who waits, of keys that may all be silent. */
const askedAtOnce = 64
/** Whose rows go in one transaction, which ends within its time also where each statement takes long. */
const leftAtOnce = 50
/** A worker that dies in the middle of a check leaves the key to the next one after this. */
const leaseMs = 120_000

export interface WatchOptions {
  /**
   * The database's, unless injected by tests, which do not wait. By its own, a worker whose clock is ahead would keep all
   * others from looking.
   */
  readonly now?: () => Date
  readonly random?: () => number
}

/** Tries every key that is due. @returns how many were tried or skipped */
export async function watchKeys(
  context: BackupContext,
  times: HealthTimes,
  { now: given, random = Math.random }: WatchOptions = {},
): Promise<number> {
  const now = given ?? (await databaseClock(context.db))
  const weigh = weighing()
  let seen = 0
  for (;;) {
    const due = await claim(context.db, now())
    await Promise.all(due.map((row) => look(context, row, times, { now, random, weigh })))
    seen += due.length
    if (due.length < atOnce) return seen
  }
}

/** Tries a key now, whatever is due. Undefined: nothing depends on it. Throws nothing that KMS answers. */
export async function tryKeyNow(
  context: BackupContext,
  arn: string,
  times: HealthTimes,
  options?: WatchOptions,
): Promise<KeyState | undefined> {
  return (await tryKeysNow(context, [arn], times, options)).get(arn)
}

/** The same of several. @returns how those are that something depends on */
export async function tryKeysNow(
  context: BackupContext,
  arns: readonly string[],
  times: HealthTimes,
  { now: given, random = Math.random }: WatchOptions = {},
): Promise<ReadonlyMap<string, KeyState>> {
  const now = given ?? (await databaseClock(context.db))
  await followKeys(context, now())
  const rows = await context.db.keyHealth.findMany({ where: { arn: { in: [...arns] } }, select: { arn: true } })
  const weigh = weighing()
  const found = new Map<string, KeyState>()
  await eachOf(rows, askedAtOnce, async ({ arn }) => {
    const uses = await usesOf(context, arn)
    const probe = await probeOf(context, arn, uses)
    const moment = { now: now(), random, weigh }
    const state = await recordProbe(context.db, arn, probe, timesFor(context, uses, times), moment)
    if (state) found.set(arn, state)
  })
  return found
}

/** Begins to watch what is new, and leaves what nothing depends on any more. */
export async function followKeys({ db, sealKeys }: BackupContext, now: Date): Promise<void> {
  const [inUse, rows] = await Promise.all([keysInUse(db, sealKeys), db.keyHealth.findMany({ select: { arn: true } })])
  const needed = new Set(inUse)
  const watched = new Set(rows.map(({ arn }) => arn))
  const fresh = inUse.filter((arn) => !watched.has(arn))
  if (fresh.length > 0)
    await db.keyHealth.createMany({
      data: fresh.map((arn) => ({ arn, state: 'healthy', since: now, nextCheckAt: now })),
      skipDuplicates: true,
    })
  const idle = [...watched].filter((arn) => !needed.has(arn))
  for (let from = 0; from < idle.length; from += leftAtOnce) {
    await db.$transaction(async (tx) => {
      // A backup may have begun meanwhile.
      const still = new Set(await keysInUse(tx, sealKeys))
      const left = idle.slice(from, from + leftAtOnce).filter((arn) => !still.has(arn))
      for (const { arn, state } of await inOrder(tx, left)) {
        const { count } = await tx.keyHealth.deleteMany({ where: { arn } })
        const title = `Nothing depends on key ${arn} any more`
        if (count === 1) await closeAlert(tx, arn, title, { at: now, from: stateOf(state) })
      }
    })
  }
}

/** In one order for all workers, so that no two wait for each other. */
const inOrder = (tx: Tx, arns: string[]) =>
  tx.keyHealth.findMany({ where: { arn: { in: arns } }, orderBy: { arn: 'asc' }, select: { arn: true, state: true } })

/** What no page shows any more. */
export async function pruneHealth(db: Db, now: Date): Promise<void> {
  await db.keyHealthHour.deleteMany({ where: { hour: { lt: new Date(now.getTime() - healthDays * 86_400_000) } } })
  await pruneCalls({ db }, now)
}

interface Claimed {
  readonly arn: string
  readonly state: string
  readonly recent: string
  readonly encryptProvenAt: Date | null
  readonly decryptProvenAt: Date | null
}

function claim(db: Db, now: Date): Promise<Claimed[]> {
  return db.$queryRaw<Claimed[]>`
    UPDATE key_health SET "nextCheckAt" = ${new Date(now.getTime() + leaseMs)}
    WHERE arn IN (
      SELECT arn FROM key_health WHERE "nextCheckAt" <= ${now}
      ORDER BY "nextCheckAt" LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
    RETURNING arn, state, recent, "encryptProvenAt", "decryptProvenAt"`
}

async function look(
  context: BackupContext,
  row: Claimed,
  times: HealthTimes,
  { now, random, weigh }: Required<WatchOptions> & { readonly weigh: Weigh },
): Promise<void> {
  const { arn, state, recent } = row
  const { db } = context
  const moment: Moment = { now: now(), random }
  const uses = await usesOf(context, arn)
  const provenAt = provenBothWays(row)
  const well = state === 'healthy' && (recent === '' || recent.endsWith('g'))
  // A time that is far to come was written down by a clock that was ahead, and says nothing.
  const proven = well && provenAt && Math.abs(moment.now.getTime() - provenAt.getTime()) < times.everyMs
  // Backups prove nothing of the seal's credentials.
  const toTry = proven ? uses.filter((use) => use !== 'backups') : uses
  if (provenAt && toTry.length === 0) return recordSkip(db, { arn, recent, provenAt }, times, moment)
  const probe = await probeOf(context, arn, toTry)
  await recordProbe(db, arn, probe, timesFor(context, uses, times), { now: now(), random, weigh })
}

/** The seal has times of its own. */
function timesFor({ sealKeys }: BackupContext, uses: readonly KeyUse[], times: HealthTimes): HealthTimes {
  return sealKeys && uses.includes('seal') ? sealKeys.times : times
}

/** Encrypt proves that a key is enabled and may wrap, Decrypt that it may unwrap; neither proves the other. */
function provenBothWays({ encryptProvenAt, decryptProvenAt }: Claimed): Date | undefined {
  if (!encryptProvenAt || !decryptProvenAt) return undefined
  return encryptProvenAt < decryptProvenAt ? encryptProvenAt : decryptProvenAt
}

/** Once for each use, which has its own credentials; the worst counts. */
async function probeOf(context: BackupContext, arn: string, uses: readonly KeyUse[]): Promise<Probe> {
  const probes = await Promise.all(uses.map((use) => probeFor(context, arn, use)))
  const tookMs = Math.max(0, ...probes.map((probe) => probe.tookMs))
  return { ...(worstOf(probes) ?? { found: 'g', diagnosis: null, deletionDate: null }), tookMs }
}

async function probeFor(context: BackupContext, arn: string, use: KeyUse): Promise<Probe> {
  const probe = await probeOnce(context, arn, use)
  if (use !== 'seal' || !probe.diagnosis) return probe
  const detail = `${probe.diagnosis.detail} It was tried as the key of this console’s seal, as the seal’s own configuration has it.`
  return { ...probe, diagnosis: { ...probe.diagnosis, detail: detail.trim() } }
}

async function probeOnce(context: BackupContext, arn: string, use: KeyUse): Promise<Probe> {
  try {
    const key = await reachKey(context, arn, 'health', use)
    try {
      return await probeKey(key.kms, { ...key, arn })
    } finally {
      key.close()
    }
  } catch (error) {
    // The settings lead nowhere, or a stored secret does not open: nothing was sent.
    if (!(error instanceof AppError)) throw error
    const diagnosis = {
      title: 'The key was not tried',
      detail: 'Nothing was sent to AWS.',
      cause: error.message,
      who: 'settings' as const,
      fix: error.fix ?? 'Look at Settings > Backup Environment.',
    }
    log('warning', 'key-health', messageOf(error))
    return { found: 'r', diagnosis, deletionDate: null, tookMs: 0 }
  }
}
