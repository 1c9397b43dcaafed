import { alertOfKey, isReminderDue, remindOfDeletion } from '#lib/alerts/raise-alert.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { type Db, noJson, type Tx } from '#lib/db.ts'
import { log } from '#lib/log.ts'
import { type Weigh, weighing } from './dependents.ts'
import { isWordOfKms, judgeState, remember } from './judge-state.ts'
import type { Probe } from './probe-key.ts'
import { graver, type HealthTimes, isNamedByKms, type KeyDiagnosis, type KeyState } from './schema.ts'
import { stateOf } from './state-of.ts'

export interface Moment {
  readonly now: Date
  /** 0 to 1: spreads checks, so that many keys are not tried at once for ever. */
  readonly random: () => number
  /** Of a pass over several keys, its own. */
  readonly weigh?: Weigh
}

/**
 * Keeps what a check found: state, history and next check and, where the state changes, its event, audit row and alert,
 * all or nothing. Two checks of one key at once come one after the other.
 * @returns the state; undefined when nothing depends on the key any more
 */
export async function recordProbe(
  db: Db,
  arn: string,
  probe: Probe,
  times: HealthTimes,
  { now, random, weigh = weighing() }: Moment,
): Promise<KeyState | undefined> {
  const changed = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT arn FROM key_health WHERE arn = ${arn} FOR UPDATE`
    const row = await tx.keyHealth.findUnique({ where: { arn } })
    if (!row) return undefined
    const from = stateOf(row.state)
    const recent = remember(row.recent, probe.found)
    const to = judgeState(from, recent)
    const wasSaid = isNamedByKms(to) && !isWordOfKms(probe.found)
    const diagnosis = to === 'healthy' ? null : wasSaid ? row.diagnosis : (plain(probe.diagnosis) ?? row.diagnosis)
    const deletionDate = to === 'pending deletion' ? (probe.deletionDate ?? row.deletionDate) : null
    const soon = probe.found !== 'g' || to !== 'healthy'
    // What is gone does not come back within a minute.
    const waitMs = soon && to !== 'deleted' ? times.unhealthyEveryMs : times.everyMs
    await tx.keyHealth.update({
      where: { arn },
      data: {
        state: to,
        ...(to !== from && { since: now }),
        diagnosis: diagnosis ?? noJson,
        deletionDate,
        recent,
        checkedAt: now,
        tookMs: probe.tookMs,
        nextCheckAt: jittered(now, waitMs, random),
      },
    })
    await addToHour(tx, arn, now, to, {
      checks: 1,
      failures: probe.found === 'g' ? 0 : 1,
      slowestMs: probe.tookMs,
    })
    if (to === from) {
      const last = row.checkedAt
      if (deletionDate && last && isReminderDue(deletionDate, last, now)) {
        const dependents = await weigh(tx, arn)
        if (dependents.onlyWayIn > 0 || dependents.inUse || dependents.seal)
          await remindOfDeletion(tx, { arn, deletionDate, dependents, diagnosis: probe.diagnosis, at: now })
      }
      return { from, to, told: null }
    }
    const told = to === 'healthy' ? null : (probe.diagnosis ?? null)
    const dependents = await weigh(tx, arn)
    await tx.keyEvent.create({
      data: { arn, at: now, from, to, diagnosis: diagnosis ?? noJson, dependents: { ...dependents } },
    })
    await recordAudit(tx, {
      actor: 'console',
      action: 'key.state',
      outcome: graver(to, from) > 0 ? 'failed' : 'success',
      subject: arn,
      changes: { state: [from, to] },
    })
    await alertOfKey(tx, { arn, from, to, diagnosis: told, deletionDate, dependents, at: now })
    return { from, to, told }
  })
  if (changed && changed.from !== changed.to) {
    const level = graver(changed.to, changed.from) > 0 ? 'error' : 'info'
    const message = `${arn} was ${changed.from} and is ${changed.to}.${changed.told ? ` ${changed.told.title}.` : ''}`
    log(level, 'key-health', message)
  }
  return changed?.to
}

/** Real use has proven the key both ways: no call is needed. */
export async function recordSkip(
  db: Db,
  { arn, recent, provenAt }: { arn: string; recent: string; provenAt: Date },
  times: HealthTimes,
  { now, random }: Moment,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const nextCheckAt = jittered(provenAt, times.everyMs, random)
    await tx.keyHealth.updateMany({
      where: { arn },
      data: { recent: remember(recent, 'g'), nextCheckAt: nextCheckAt > now ? nextCheckAt : now },
    })
    await addToHour(tx, arn, now, 'healthy', { skipped: 1 })
  })
}

export function jittered(from: Date, ms: number, random: () => number): Date {
  return new Date(from.getTime() + ms * (0.9 + random() * 0.2))
}

async function addToHour(
  tx: Tx,
  arn: string,
  now: Date,
  state: KeyState,
  add: { checks?: number; failures?: number; skipped?: number; slowestMs?: number },
): Promise<void> {
  const hour = new Date(Math.floor(now.getTime() / 3_600_000) * 3_600_000)
  const { checks = 0, failures = 0, skipped = 0, slowestMs = 0 } = add
  const before = await tx.keyHealthHour.findUnique({ where: { arn_hour: { arn, hour } } })
  const worst = before && graver(stateOf(before.worst), state) > 0 ? before.worst : state
  await tx.keyHealthHour.upsert({
    where: { arn_hour: { arn, hour } },
    create: { arn, hour, worst, checks, failures, skipped, slowestMs },
    update: {
      worst,
      checks: { increment: checks },
      failures: { increment: failures },
      skipped: { increment: skipped },
      slowestMs: Math.max(slowestMs, before?.slowestMs ?? 0),
    },
  })
}

/** As a JSON column takes it: without what is undefined. */
const plain = (diagnosis: KeyDiagnosis | null) => (diagnosis ? JSON.parse(JSON.stringify(diagnosis)) : null)
