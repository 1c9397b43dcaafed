import type { Tx } from '#lib/db.ts'
import { type CheckReport, verdictOf } from '#lib/keys/schema.ts'

/** How many runs are kept of each environment. */
const kept = 100

/**
 * Keeps the report of a run on saved settings. Of an outage it adds when the same settings were last seen to work:
 * what cannot be reached has refused nothing.
 * @param revision whose settings were checked
 * @returns the report, as it was kept
 */
export async function recordCheck(
  db: Tx,
  environmentId: string,
  revision: number,
  report: CheckReport,
  actor: string,
): Promise<CheckReport> {
  const whole = await withLastGood(db, environmentId, revision, report)
  await db.environmentCheck.create({
    data: { environmentId, revision, ok: whole.ok, report: whole, createdBy: actor },
  })
  const [oldest] = await db.environmentCheck.findMany({
    where: { environmentId },
    orderBy: { id: 'desc' },
    skip: kept - 1,
    take: 1,
    select: { id: true },
  })
  if (oldest) await db.environmentCheck.deleteMany({ where: { environmentId, id: { lt: oldest.id } } })
  return whole
}

async function withLastGood(
  db: Tx,
  environmentId: string,
  revision: number,
  report: CheckReport,
): Promise<CheckReport> {
  if (verdictOf(report) !== 'unreachable') return report
  const last = await db.environmentCheck.findFirst({
    where: { environmentId, revision, ok: true },
    orderBy: { id: 'desc' },
    select: { createdAt: true },
  })
  // A revision is saved only when its own check passed.
  const saved =
    last ??
    (await db.environmentRevision.findUnique({
      where: { environmentId_number: { environmentId, number: revision } },
      select: { createdAt: true },
    }))
  return saved ? { ...report, lastGood: { at: saved.createdAt.toISOString(), revision } } : report
}
