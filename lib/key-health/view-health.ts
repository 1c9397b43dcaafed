import { z } from 'zod'
import { changers } from '#lib/aws/schema.ts'
import type { Tx } from '#lib/db.ts'
import { remedySchema } from '#lib/keys/schema.ts'
import {
  healthDays,
  type KeyDiagnosis,
  type KeyEventRow,
  type KeyHealth,
  type KeyHealthView,
  type KeyStanding,
} from './schema.ts'
import { stateOf } from './state-of.ts'

interface Context {
  readonly db: Tx
}
const dayMs = 86_400_000
const eventsShown = 50

const diagnosis: z.ZodType<KeyDiagnosis> = z.object({
  title: z.string(),
  detail: z.string(),
  cause: z.string(),
  who: z.enum(changers).optional(),
  fix: z.string(),
  remedies: z.array(remedySchema).optional(),
})
const dependents = z.object({
  backups: z.number(),
  bytes: z.number(),
  onlyWayIn: z.number(),
  onlyWayInBytes: z.number(),
  schedules: z.number(),
  inUse: z.boolean(),
  // Not in rows from before the seal's key was watched.
  seal: z.object({ secrets: z.number(), backups: z.number() }).nullable().default(null),
})

/** What the watch knows of keys, by ARN. One that it does not watch is not there. Asks no key. */
export async function healthOf(
  db: Tx,
  arns: readonly string[],
  now: Date = new Date(),
): Promise<ReadonlyMap<string, KeyHealth>> {
  const rows = await db.keyHealth.findMany({ where: { arn: { in: [...arns] } } })
  return new Map(rows.map((row) => [row.arn, healthIn(row, now)]))
}

/** How every key stands that was ever watched, by ARN; without what is wrong with it, which is long. */
export async function standings(db: Tx, now: Date): Promise<ReadonlyMap<string, KeyStanding>> {
  const rows = await db.keyHealth.findMany({ omit: { diagnosis: true } })
  return new Map(rows.map((row) => [row.arn, standingIn(row, now)]))
}

/** State, events and the last 30 days of a key. */
export async function viewKeyHealth({ db }: Context, arn: string, now: Date = new Date()): Promise<KeyHealthView> {
  const since = new Date(now.getTime() - healthDays * dayMs)
  const [row, hours, events] = await Promise.all([
    db.keyHealth.findUnique({ where: { arn } }),
    db.keyHealthHour.findMany({ where: { arn, hour: { gte: since } }, orderBy: { hour: 'asc' } }),
    db.keyEvent.findMany({ where: { arn }, orderBy: { id: 'desc' }, take: eventsShown }),
  ])
  return {
    now: row && healthIn(row, now),
    hours: hours.map(({ hour, worst, checks, failures, skipped, slowestMs }) => ({
      hour: hour.toISOString(),
      worst: stateOf(worst),
      checks,
      failures,
      skipped,
      slowestMs,
    })),
    events: events.map(
      (event): KeyEventRow => ({
        id: String(event.id),
        arn: event.arn,
        at: event.at.toISOString(),
        from: stateOf(event.from),
        to: stateOf(event.to),
        diagnosis: diagnosis.nullable().catch(null).parse(event.diagnosis),
        dependents: dependents.parse(event.dependents),
      }),
    ),
    at: now.toISOString(),
  }
}

type HealthRow = Awaited<ReturnType<Tx['keyHealth']['findUniqueOrThrow']>>

function healthIn(row: HealthRow, now: Date): KeyHealth {
  return { ...standingIn(row, now), diagnosis: diagnosis.nullable().catch(null).parse(row.diagnosis) }
}

function standingIn(row: Omit<HealthRow, 'diagnosis'>, now: Date): KeyStanding {
  const { arn, state, since, checkedAt, nextCheckAt, tookMs, encryptProvenAt, decryptProvenAt, deletionDate } = row
  return {
    arn,
    state: stateOf(state),
    since: since.toISOString(),
    checkedAt: checkedAt?.toISOString() ?? null,
    nextCheckAt: nextCheckAt.toISOString(),
    tookMs,
    encryptProvenAt: encryptProvenAt?.toISOString() ?? null,
    decryptProvenAt: decryptProvenAt?.toISOString() ?? null,
    deletionDate: deletionDate?.toISOString() ?? null,
    daysLeft: daysLeft(deletionDate, now),
  }
}

/** 1 on the last day, 0 when it is over. */
export function daysLeft(deletionDate: Date | null, now: Date): number | null {
  return deletionDate && Math.max(0, Math.ceil((deletionDate.getTime() - now.getTime()) / dayMs))
}
