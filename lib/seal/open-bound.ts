import { recordAudit } from '#lib/audit/record.ts'
import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyContext, WrappedKey } from '#lib/keys/key-wrapper.ts'
import type { RootKeyWrapper } from './keyring.ts'

/** Where a secret of the console stands: authenticated with it, so that values cannot be exchanged. */
export interface Place {
  /** `table.column` */
  readonly place: string
  readonly row: string
}

/**
 * Opens what was sealed. Throws AppError `integrity`, naming the row, for what was exchanged, cut or changed, and writes
 * an audit row of it: a database does not do that by itself.
 */
export async function openBound(
  { db, seal }: { readonly db: Tx; readonly seal: RootKeyWrapper },
  { place, row }: Place,
  wrapped: WrappedKey,
  boundTo: KeyContext,
): Promise<Uint8Array> {
  try {
    return await seal.within(db).unwrap(wrapped, boundTo)
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'integrity') throw cause
    await recordAudit(db, {
      actor: 'console',
      action: 'seal.refused',
      outcome: 'refused',
      subject: `${place} of ${row}`,
    })
    throw new AppError('integrity', `The sealed value ${place} of ${row} was changed, or moved there.`, {
      cause,
      fix: 'Enter this secret again. Find out who changed the database.',
    })
  }
}
