import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { RootKeyWrapper } from '#lib/seal/keyring.ts'
import { madeOnce } from '#lib/seal/made-once.ts'
import type { ChainEnd } from './chain.ts'

export interface AuditContext {
  readonly db: Db
  readonly installation: string
  readonly seal: RootKeyWrapper
}

/** The end of the chain at a time. */
export interface Head extends ChainEnd {
  readonly signedAt: Date
}

export interface AuditKey {
  /** A sentence, where the key itself was changed: it signs nothing, and no signature can be checked. */
  readonly fault?: string
  /** HMAC-SHA-256. */
  sign(head: Head): Buffer
  isSigned(head: Head, signature: Uint8Array): boolean
}

const tampered: AuditKey = {
  fault: 'The key that signs the audit log was changed in the database, so that no signature can be checked.',
  sign: () => {
    throw new AppError('integrity', 'The audit log cannot be signed: its key was changed in the database.')
  },
  isSigned: () => false,
}

/** A sealed value: whoever has the database alone can delete it, but neither use nor forge it. */
export async function auditKey(context: AuditContext): Promise<AuditKey> {
  const { installation } = context
  const at = { place: 'installation.audit-key', row: installation }
  let key: Uint8Array
  try {
    key = await madeOnce(context, at, () => randomBytes(32))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'integrity') throw error
    return tampered
  }
  const sign = ({ number, hash, signedAt }: Head) =>
    createHmac('sha256', key)
      .update(`vault-console audit head 1\n${installation}\n${number}\n${hash}\n${signedAt.toISOString()}\n`)
      .digest()
  return {
    sign,
    isSigned(head, signature) {
      const made = sign(head)
      return made.length === signature.length && timingSafeEqual(made, signature)
    },
  }
}
