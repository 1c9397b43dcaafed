import type { Tx } from '#lib/db.ts'
import { furtherKeysOf } from '#lib/environment/revision-row.ts'

/** All that the database says of keys. Key IDs are key ARNs and IDs of root keys, as envelopes name them. */
export interface KeyFacts {
  /** Complete backups, together where the same keys open them. */
  readonly complete: readonly {
    readonly keyIds: readonly string[]
    readonly backups: number
    readonly bytes: number
    readonly oldest: Date
    readonly newest: Date
  }[]
  /** Backups that have not ended. */
  readonly underWay: readonly { readonly keyIds: readonly string[]; readonly backups: number }[]
  /** Newest first. */
  readonly revisions: readonly Revision[]
  /** What the next backup uses. */
  readonly inForce: Revision | undefined
  readonly schedules: { readonly enabled: number; readonly paused: number }
  readonly rootKeys: readonly {
    readonly id: string
    /** What opens it: key ARNs, or `local/…` for a key file. */
    readonly wraps: readonly string[]
    /** How many secrets of the console it opens. */
    readonly values: number
  }[]
}

interface Revision {
  readonly number: number
  readonly at: Date
  /** The main key first. */
  readonly keys: readonly { readonly typed: string; readonly arn: string }[]
}

/** Six statements, whatever there is; asks no key. */
export async function readKeyFacts(db: Tx): Promise<KeyFacts> {
  const [complete, active, revisions, own, schedules, rootKeys] = await Promise.all([
    // While a backup's keys are being exchanged the row holds both envelopes: the keys of either open it.
    db.$queryRaw<{ keyIds: string[]; backups: number; bytes: bigint; oldest: Date; newest: Date }[]>`
      SELECT coalesce("keyIds" || "nextKeyIds", '{}') AS "keyIds", count(*)::int AS backups, coalesce(sum("bytes"), 0)::bigint AS bytes,
        min("createdAt") AS oldest, max("createdAt") AS newest
      FROM "backup" WHERE "state" = 'complete' GROUP BY 1`,
    db.backup.groupBy({
      by: ['environmentId', 'revision', 'keyIds'],
      where: { state: { in: ['queued', 'running', 'waiting'] } },
      _count: true,
    }),
    db.environmentRevision.findMany({
      orderBy: [{ createdAt: 'desc' }, { number: 'desc' }],
      select: { environmentId: true, number: true, createdAt: true, masterKey: true, keyArn: true, furtherKeys: true },
    }),
    db.environment.findFirst({ where: { installation: null }, orderBy: { createdAt: 'asc' }, select: { id: true } }),
    db.schedule.groupBy({ by: ['enabled'], _count: true }),
    db.rootKey.findMany({
      select: { id: true, wraps: { select: { keyId: true } }, _count: { select: { values: true } } },
    }),
  ])
  const known = revisions.map(({ environmentId, number, createdAt, masterKey, keyArn, furtherKeys }) => ({
    environmentId,
    number,
    at: createdAt,
    keys: [
      ...(keyArn ? [{ typed: masterKey ?? keyArn, arn: keyArn }] : []),
      ...furtherKeysOf({ furtherKeys }).map(({ typed, keyArn: arn }) => ({ typed, arn })),
    ],
  }))
  const schedulesThat = (enabled: boolean) => schedules.find((one) => one.enabled === enabled)?._count ?? 0
  return {
    complete: complete.map(({ bytes, ...rest }) => ({ ...rest, bytes: Number(bytes) })),
    underWay: active.map(({ environmentId, revision, keyIds, _count }) => ({
      // Before its first envelope a backup is bound to the keys of the revision that it was started with.
      keyIds:
        keyIds.length > 0
          ? keyIds
          : (known
              .find((one) => one.environmentId === environmentId && one.number === revision)
              ?.keys.map(({ arn }) => arn) ?? []),
      backups: _count,
    })),
    revisions: known,
    inForce: known.filter(({ environmentId }) => environmentId === own?.id).sort((a, b) => b.number - a.number)[0],
    schedules: { enabled: schedulesThat(true), paused: schedulesThat(false) },
    rootKeys: rootKeys.map(({ id, wraps, _count }) => ({
      id,
      wraps: wraps.map(({ keyId }) => keyId),
      values: _count.values,
    })),
  }
}
