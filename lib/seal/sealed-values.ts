import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'

/** Where a secret of the console stands: authenticated with it, so that values cannot be exchanged. */
export interface Place {
  /** `table.column` */
  readonly place: string
  readonly row: string
}

interface SealContext {
  readonly installation: string
  readonly seal: KeyWrapper
}

export const boundTo = (installation: string, { place, row }: Place) => ({
  installation,
  environment: 'seal',
  place,
  row,
  purpose: 'sealed-value',
})

/** Encrypts a secret under the newest root key and stores it, in place of whatever stood there. */
export async function putSealed(tx: Tx, { installation, seal }: SealContext, at: Place, secret: Uint8Array) {
  const { keyId, ciphertext } = await seal.wrap(secret, boundTo(installation, at))
  const data = { rootKeyId: keyId, ciphertext: Uint8Array.from(ciphertext) }
  await tx.sealedValue.upsert({ where: { place_row: key(at) }, create: { ...key(at), ...data }, update: data })
}

/** Undefined when nothing is stored there. Throws AppError `integrity`, naming the row, when it is not what was put. */
export async function getSealed(db: Tx, { installation, seal }: SealContext, at: Place) {
  const row = await db.sealedValue.findUnique({ where: { place_row: key(at) } })
  if (!row) return undefined
  return openSealed({ installation, seal }, row)
}

export async function openSealed(
  { installation, seal }: SealContext,
  value: Place & { readonly rootKeyId: string; readonly ciphertext: Uint8Array },
): Promise<Uint8Array> {
  try {
    return await seal.unwrap({ keyId: value.rootKeyId, ciphertext: value.ciphertext }, boundTo(installation, value))
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'integrity') throw cause
    throw new AppError('integrity', `The sealed value ${value.place} of ${value.row} was changed, or moved there.`, {
      cause,
      fix: 'Enter this secret again. Find out who changed the database.',
    })
  }
}

const key = ({ place, row }: Place) => ({ place, row })
