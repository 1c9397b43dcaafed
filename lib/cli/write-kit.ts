import { rmSync } from 'node:fs'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import { writeNewFile } from './named-file.ts'

/**
 * The audit row and the file are both there, or neither, unless the database falls silent just as it commits. Throws as
 * `writeNewFile`.
 */
export async function writeKit(db: Db, out: string, kit: string, administrator: string): Promise<void> {
  let written = false
  try {
    await db.$transaction(async (tx) => {
      await recordAudit(tx, { actor: administrator, action: 'seal.recovery-kit', outcome: 'success', subject: out })
      writeNewFile(out, kit, 'The kit', 0o600)
      written = true
    })
  } catch (error) {
    // A kit that nobody knows of is worse than none.
    if (written) rmSync(out, { force: true })
    throw error
  }
}
