import { z } from 'zod'
import type { Tx } from '#lib/db.ts'
import { remedySchema } from '#lib/keys/schema.ts'
import { type ProofDetail, type ProofRow, proofStates, reportSchema, retireProgressSchema } from './schema.ts'

const state = z.enum(proofStates)
const versionState = z.enum(['found', 'deleted', 'gone', 'current', 'refused'])
const shown = 50

/** Newest first. */
export async function listProofs(db: Tx, key: string): Promise<ProofRow[]> {
  const rows = await db.retireProof.findMany({
    where: { keyArn: key },
    orderBy: { id: 'desc' },
    take: 50,
    omit: { report: true, remedies: true },
  })
  return rows.map(rowOf)
}

/** Undefined when there is none. */
export async function viewProof(db: Tx, id: string): Promise<ProofDetail | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await db.retireProof.findUnique({ where: { id } })
  if (!row) return undefined
  const [counts, versions] = await Promise.all([
    db.retireVersion.groupBy({ by: ['state'], where: { proofId: id }, _count: true }),
    db.retireVersion.findMany({
      where: { proofId: id },
      orderBy: [{ cause: { sort: 'asc', nulls: 'last' } }, { number: 'asc' }],
      take: shown,
    }),
  ])
  const of = (name: string) => counts.find((one) => one.state === name)?._count ?? 0
  return {
    ...rowOf(row),
    report: reportSchema.nullable().parse(row.report),
    deletion: row.deletion
      ? {
          state: state.parse(row.deletion),
          by: row.deletionBy ?? '',
          at: (row.deletionAt ?? row.createdAt).toISOString(),
          deleted: of('deleted') + of('gone'),
          refused: of('refused'),
          remedies: z.array(remedySchema).parse(row.remedies),
        }
      : null,
    deletable: of('found') + of('refused'),
    versions: versions.map((version) => ({
      bucket: version.bucket,
      key: version.key,
      versionId: version.versionId,
      modified: version.modified.toISOString(),
      state: versionState.parse(version.state),
      cause: version.cause,
    })),
  }
}

function rowOf(row: {
  id: string
  state: string
  safe: boolean | null
  error: string | null
  progress: unknown
  createdAt: Date
  createdBy: string
  finishedAt: Date | null
}): ProofRow {
  return {
    id: row.id,
    state: state.parse(row.state),
    safe: row.safe,
    error: row.error,
    progress: retireProgressSchema.nullable().parse(row.progress),
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}
