import { z } from 'zod'
import type { BackupVerification, Db } from '#lib/db.ts'
import type { VerificationRow } from './schema.ts'

const problemsSchema = z.array(z.object({ object: z.string(), message: z.string() }))

export async function viewVerification(
  { db }: { readonly db: Pick<Db, 'backupVerification'> },
  id: string,
): Promise<VerificationRow | undefined> {
  const row = await db.backupVerification.findUnique({ where: { id } })
  return row ? verificationRow(row) : undefined
}

export function verificationRow(row: BackupVerification): VerificationRow {
  return {
    id: row.id,
    depth: row.depth === 'full' ? 'full' : 'quick',
    state: row.state,
    error: row.error,
    problems: problemsSchema.parse(row.problems),
    problemCount: row.problemCount,
    objects: row.objects,
    bytes: row.bytes === null ? null : Number(row.bytes),
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}
