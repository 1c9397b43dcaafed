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

/** Four statements, whatever there is; asks no key. */
export async function readKeyFacts(db: Tx): Promise<KeyFacts> {
  const [backups, revisions, [schedules], rootKeys] = await Promise.all([
    // While a backup's keys are being exchanged the row holds both envelopes: the keys of either open it. Before its
    // first envelope it is bound to the keys of the revision that it was started with. One statement, so that a backup
    // which ends meanwhile is counted once. Complete ones are counted in an index: one row of each set says its keys.
    db.$queryRaw<BackupGroup[]>`
      SELECT true AS complete, (
          SELECT "keyIds" || "nextKeyIds" FROM "backup"
          WHERE "state" = 'complete' AND "keySet" = one."keySet" LIMIT 1) AS "keyIds",
        NULL::uuid AS "environmentId", NULL::int AS "revision", backups, bytes, oldest, newest
      FROM (
        SELECT "keySet", count(*)::int AS backups, coalesce(sum("bytes"), 0)::bigint AS bytes,
          min("createdAt") AS oldest, max("createdAt") AS newest
        FROM "backup" WHERE "state" = 'complete' GROUP BY "keySet") AS one
      UNION ALL
      SELECT false, "keyIds", "environmentId", "revision", count(*)::int, 0, min("createdAt"), max("createdAt")
      FROM "backup" WHERE "state" IN ('queued', 'running', 'waiting') GROUP BY "keyIds", "environmentId", "revision"`,
    db.$queryRaw<RevisionRow[]>`
      SELECT "environmentId", "number", "createdAt" AS at, "masterKey", "keyArn", "furtherKeys", "environmentId" = (
        SELECT "id" FROM "environment" WHERE "installation" IS NULL ORDER BY "createdAt" LIMIT 1) AS own
      FROM "environment_revision" ORDER BY "createdAt" DESC, "number" DESC`,
    db.$queryRaw<{ enabled: number; paused: number }[]>`
      SELECT count(*) FILTER (WHERE "enabled")::int AS enabled, count(*) FILTER (WHERE NOT "enabled")::int AS paused
      FROM "schedule"`,
    // Secrets are counted only where a KMS key is the way to them: there may be many.
    db.$queryRaw<{ id: string; wraps: string[]; values: number }[]>`
      SELECT "id", wraps, CASE WHEN wraps::text LIKE '%arn:%' THEN (
        SELECT count(*)::int FROM "sealed_value" WHERE "rootKeyId" = "id") ELSE 0 END AS values
      FROM (
        SELECT "id", ARRAY(SELECT "keyId" FROM "root_key_wrap" WHERE "rootKeyId" = "root_key"."id") AS wraps
        FROM "root_key") AS one`,
  ])
  const known = revisions.map(({ masterKey, keyArn, furtherKeys, ...row }) => ({
    ...row,
    keys: [
      ...(keyArn ? [{ typed: masterKey ?? keyArn, arn: keyArn }] : []),
      ...furtherKeysOf({ furtherKeys }).map(({ typed, keyArn: arn }) => ({ typed, arn })),
    ],
  }))
  const keysOfRevision = (environmentId: string | null, number: number | null) =>
    known.find((one) => one.environmentId === environmentId && one.number === number)?.keys.map(({ arn }) => arn) ?? []
  return {
    complete: backups
      .filter(({ complete }) => complete)
      .map(({ keyIds, bytes, ...group }) => ({ ...group, keyIds: keyIds ?? [], bytes: Number(bytes) })),
    underWay: backups
      .filter(({ complete }) => !complete)
      .map(({ keyIds, environmentId, revision, backups }) => ({
        keyIds: keyIds && keyIds.length > 0 ? keyIds : keysOfRevision(environmentId, revision),
        backups,
      })),
    revisions: known,
    inForce: known.filter(({ own }) => own).sort((a, b) => b.number - a.number)[0],
    schedules: schedules ?? { enabled: 0, paused: 0 },
    rootKeys,
  }
}

interface BackupGroup {
  readonly complete: boolean
  readonly keyIds: string[] | null
  /** Of those that have not ended. */
  readonly environmentId: string | null
  readonly revision: number | null
  readonly backups: number
  readonly bytes: bigint
  readonly oldest: Date
  readonly newest: Date
}

interface RevisionRow {
  readonly environmentId: string
  readonly number: number
  readonly at: Date
  readonly masterKey: string | null
  readonly keyArn: string | null
  readonly furtherKeys: NonNullable<Parameters<typeof furtherKeysOf>[0]>['furtherKeys']
  /** Of this console, not of another one whose catalogue was imported. */
  readonly own: boolean
}
