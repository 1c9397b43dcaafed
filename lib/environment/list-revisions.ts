import type { Db } from '#lib/db.ts'
import { checkReportSchema } from '#lib/keys/schema.ts'
import { currentEnvironment, type EnvironmentContext, type Revision } from './access.ts'
import { changesBetween, furtherKeysOf } from './revision-row.ts'
import type { HistoryQuery, HistoryView, RevisionRow, RevisionView } from './schema.ts'
import { hasSecret, isSameSecret } from './stored-secret.ts'

const pageSize = 25

/** Newest first. Each with what it changed of the one before it; `nextBefore` is the number to go on with. */
export async function listRevisions(db: Db, { before }: HistoryQuery): Promise<HistoryView> {
  const { id: environmentId, revision } = await currentEnvironment(db)
  const rows = await db.environmentRevision.findMany({
    where: { environmentId, ...(before && { number: { lt: before } }) },
    orderBy: { number: 'desc' },
    // One more, because the last one's difference needs it.
    take: pageSize + 1,
  })
  const page = rows.slice(0, pageSize)
  return {
    rows: page.map((row, index) => rowOf(row, rows[index + 1], revision?.number)),
    nextBefore: rows.length > pageSize ? String(page.at(-1)?.number) : null,
  }
}

/** One revision with its report; undefined when there is none of this number. */
export async function viewRevision(
  { db }: Pick<EnvironmentContext, 'db'>,
  number: number,
): Promise<RevisionView | undefined> {
  const { id: environmentId, revision: newest } = await currentEnvironment(db)
  const found = await db.environmentRevision.findMany({
    where: { environmentId, number: { in: [number, number - 1] } },
    orderBy: { number: 'desc' },
  })
  const row = found.find((one) => one.number === number)
  if (!row || !newest) return undefined
  return {
    ...rowOf(
      row,
      found.find((one) => one !== row),
      newest.number,
    ),
    newest: newest.number,
    keyArn: row.keyArn,
    furtherKeys: furtherKeysOf(row),
    bucket: row.bucket,
    prefix: row.prefix,
    hosted: row.hosted,
    label: row.label,
    credentials: row.credentials,
    accessKeyId: row.accessKeyId,
    roleArn: row.roleArn,
    kmsEndpoint: row.kmsEndpoint,
    s3Endpoint: row.s3Endpoint,
    differenceToNewest: row.number === newest.number ? {} : changesBetween(newest, row),
    report: checkReportSchema.parse(row.report),
  }
}

function rowOf(row: Revision, before: Revision | undefined, newest: number | undefined): RevisionRow {
  const report = checkReportSchema.parse(row.report)
  const replaced = hasSecret(row) && !isSameSecret(row, before)
  return {
    number: row.number,
    current: row.number === newest,
    at: row.createdAt.toISOString(),
    by: row.createdBy,
    restoredFrom: row.restoredFrom,
    region: row.region,
    method: row.method,
    masterKey: row.masterKey,
    warnings: report.checks.filter(({ status }) => status === 'warning').length,
    changes: changesBetween(before, row, replaced ? 'replaced' : 'same'),
  }
}
