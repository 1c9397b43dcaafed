import type { Db } from '#lib/db.ts'
import { type CallCounts, type KeyCallsView, type KmsPurpose, kmsPurposes } from './schema.ts'

const dayMs = 86_400_000
const days = 30
/** AWS KMS pricing, July 2026: symmetric requests, customer managed keys. Some Regions cost more. */
const dollarsPerRequest = 0.03 / 10_000
const dollarsPerKeyAndMonth = 1

/** The calls of the last 30 UTC days, today included. */
export async function viewKeyCalls({ db }: { readonly db: Db }, arn: string): Promise<KeyCallsView> {
  const now = Date.now()
  const since = new Date(Math.floor(now / dayMs) * dayMs - (days - 1) * dayMs)
  const rows = await db.kmsCalls.findMany({ where: { arn, day: { gte: since } }, orderBy: { day: 'asc' } })
  const byPurpose = Map.groupBy(rows, (row) => purposeOf(row.purpose))
  const byDay = Map.groupBy(rows, (row) => row.day.toISOString().slice(0, 10))
  const { total } = countsOf(rows)
  const [first] = rows
  const counted = first ? Math.floor((now - first.day.getTime()) / dayMs) + 1 : 1
  return {
    days,
    byPurpose: kmsPurposes.flatMap((purpose) => {
      const ofPurpose = byPurpose.get(purpose)
      return ofPurpose ? [{ purpose, ...countsOf(ofPurpose) }] : []
    }),
    byDay: [...byDay].map(([day, ofDay]) => ({
      day,
      total: countsOf(ofDay).total,
      health: countsOf(ofDay.filter(({ purpose }) => purpose === 'health')).total,
    })),
    total,
    cost: {
      requests: total * dollarsPerRequest,
      keyPerMonth: dollarsPerKeyAndMonth,
      requestsPerMonth: (total / counted) * 30 * dollarsPerRequest,
    },
  }
}

const purposeOf = (text: string): KmsPurpose => kmsPurposes.find((one) => one === text) ?? 'other'

function countsOf(rows: readonly { readonly operation: string; readonly requests: number }[]): CallCounts {
  const of = (...operations: string[]) =>
    rows.filter(({ operation }) => operations.includes(operation)).reduce((sum, { requests }) => sum + requests, 0)
  const total = rows.reduce((sum, { requests }) => sum + requests, 0)
  const [encrypt, decrypt, describe] = [of('Encrypt'), of('Decrypt'), of('DescribeKey')]
  return { encrypt, decrypt, describe, other: total - encrypt - decrypt - describe, total }
}

/** Drops what no page shows any more. */
export async function pruneCalls({ db }: { readonly db: Db }, now: Date = new Date()): Promise<void> {
  await db.kmsCalls.deleteMany({ where: { day: { lt: new Date(now.getTime() - 400 * dayMs) } } })
}
