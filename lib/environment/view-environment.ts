import type { Db } from '#lib/db.ts'
import { checkReportSchema } from '#lib/keys/schema.ts'
import { currentEnvironment, type EnvironmentContext, type Revision } from './access.ts'
import { furtherKeysOf } from './revision-row.ts'
import { settingsOf } from './revision-settings.ts'
import {
  type Dependents,
  type EnvironmentGlanceView,
  type EnvironmentView,
  emptyEnvironment,
  type Offered,
} from './schema.ts'
import { hasSecret } from './stored-secret.ts'

type ViewContext = Pick<EnvironmentContext, 'db' | 'installation' | 'hostedBucket' | 'allowedEndpoints'>

/**
 * What the page shows. Secrets stay here.
 * @param restoring the number of an older revision to start from; one that does not exist is ignored
 */
export async function viewEnvironment(
  context: ViewContext,
  offered: Offered,
  restoring?: number,
): Promise<EnvironmentView> {
  const { db } = context
  const { id, revision } = await currentEnvironment(db)
  const [view, dependents] = await Promise.all([
    viewSettings(context, { id, revision }, offered, restoring),
    dependentsOf(db, id, revision),
  ])
  return { ...view, dependents }
}

/** For the overview: what hangs on key and bucket takes a look into every backup, their number does not. */
export async function viewAtAGlance(context: ViewContext): Promise<EnvironmentGlanceView> {
  const { db } = context
  const { id, revision } = await currentEnvironment(db)
  const [view, backups] = await Promise.all([
    viewSettings(context, { id, revision }, { keys: [], roles: [] }),
    db.backup.count({ where: { environmentId: id, state: 'complete' } }),
  ])
  return { ...view, backups }
}

async function viewSettings(
  { db, installation, hostedBucket, allowedEndpoints }: ViewContext,
  { id, revision }: { id: string; revision: Revision | undefined },
  offered: Offered,
  restoring?: number,
): Promise<Omit<EnvironmentView, 'dependents'>> {
  const [{ externalId }, older] = await Promise.all([
    db.environment.findUniqueOrThrow({ where: { id }, select: { externalId: true } }),
    restoring === undefined ? null : olderRevision(db, id, restoring, revision),
  ])
  const base = {
    environmentId: id,
    installation,
    externalId,
    hostedBucket: hostedBucket ?? null,
    allowedEndpoints,
    offered,
    restoring: older && {
      number: older.number,
      values: settingsOf(older),
      hasSecret: hasSecret(older),
    },
  }
  if (!revision) {
    return {
      ...base,
      values: { ...emptyEnvironment, hosted: hostedBucket !== undefined },
      revision: 0,
      savedAt: null,
      savedBy: null,
      hasSecretAccessKey: false,
      keyArn: null,
      furtherKeys: [],
      report: null,
    }
  }
  return {
    ...base,
    values: settingsOf(revision),
    revision: revision.number,
    savedAt: revision.createdAt.toISOString(),
    savedBy: revision.createdBy,
    hasSecretAccessKey: hasSecret(revision),
    keyArn: revision.keyArn,
    furtherKeys: furtherKeysOf(revision),
    report: checkReportSchema.parse(revision.report),
  }
}

async function olderRevision(db: Db, environmentId: string, number: number, newest: Revision | undefined) {
  if (!newest || number >= newest.number) return null
  return db.environmentRevision.findUnique({ where: { environmentId_number: { environmentId, number } } })
}

async function dependentsOf(
  db: Db,
  environmentId: string,
  revision: Revision | undefined,
): Promise<EnvironmentView['dependents']> {
  const [row] = await db.$queryRaw<Record<string, number | bigint | Date | null>[]>`
    SELECT count(*) FILTER (WHERE here)::int AS "bucketBackups",
      (sum("bytes") FILTER (WHERE here))::bigint AS "bucketBytes", min("createdAt") FILTER (WHERE here) AS "bucketOldest",
      count(*) FILTER (WHERE opens)::int AS "keyBackups",
      (sum("bytes") FILTER (WHERE opens))::bigint AS "keyBytes", min("createdAt") FILTER (WHERE opens) AS "keyOldest"
    FROM (
      SELECT "bytes", "createdAt", "bucket" = ${revision?.bucket ?? ''} AS here,
        ${revision?.keyArn ?? ''} = ANY("keyIds") AS opens
      FROM "backup" WHERE "environmentId" = ${environmentId}::uuid AND "state" = 'complete') AS backups`
  const of = (what: string): Dependents => {
    const oldest = row?.[`${what}Oldest`]
    return {
      backups: Number(row?.[`${what}Backups`] ?? 0),
      bytes: Number(row?.[`${what}Bytes`] ?? 0),
      oldest: oldest instanceof Date ? oldest.toISOString() : null,
    }
  }
  return { bucket: of('bucket'), key: of('key') }
}
