import type { Tx } from '#lib/db.ts'
import type { RootKeyWrapper } from './keyring.ts'
import { openBound, type Place } from './open-bound.ts'

interface SealContext {
  readonly installation: string
  readonly seal: RootKeyWrapper
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
  const { keyId, ciphertext } = await seal.within(tx).wrap(secret, boundTo(installation, at))
  const data = { rootKeyId: keyId, ciphertext: Uint8Array.from(ciphertext) }
  await tx.sealedValue.upsert({ where: { place_row: key(at) }, create: { ...key(at), ...data }, update: data })
}

/** Undefined when nothing is stored there. Throws AppError `integrity`, naming the row, when it is not what was put. */
export async function getSealed(db: Tx, context: SealContext, at: Place) {
  const row = await db.sealedValue.findUnique({ where: { place_row: key(at) } })
  return row ? openSealed({ ...context, db }, row) : undefined
}

export function openSealed(
  context: SealContext & { readonly db: Tx },
  value: Place & { readonly rootKeyId: string; readonly ciphertext: Uint8Array },
): Promise<Uint8Array> {
  const wrapped = { keyId: value.rootKeyId, ciphertext: value.ciphertext }
  return openBound(context, value, wrapped, boundTo(context.installation, value))
}

const key = ({ place, row }: Place) => ({ place, row })
