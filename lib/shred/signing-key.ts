import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import type { Tx } from '#lib/db.ts'
import { getSealed, putSealed } from '#lib/seal/sealed-values.ts'
import type { SigningKeyView } from './schema.ts'

type KeyContext = Pick<BackupContext, 'db' | 'installation' | 'seal'>

export interface SigningKey extends SigningKeyView {
  /** Ed25519 (RFC 8032): 64 bytes. */
  sign(message: Uint8Array): Buffer
}

/** This installation's key for certificates: made when it is first asked for, and a sealed value ever after. */
export async function signingKey(context: KeyContext): Promise<SigningKey> {
  const key = (await stored(context)) ?? (await make(context))
  return { ...describeKey(createPublicKey(key)), sign: (message) => sign(null, message, key) }
}

/** The same for whoever only shows it; undefined as long as nothing was ever signed. */
export async function knownSigningKey(context: KeyContext): Promise<SigningKeyView | undefined> {
  const key = await stored(context)
  return key && describeKey(createPublicKey(key))
}

export function describeKey(key: KeyObject): SigningKeyView {
  const der = key.export({ type: 'spki', format: 'der' })
  return {
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: createHash('sha256').update(der).digest('hex'),
  }
}

const placeOf = (installation: string) => ({ place: 'installation.signing-key', row: installation })

async function stored(context: KeyContext, tx: Tx = context.db) {
  const der = await getSealed(tx, context, placeOf(context.installation))
  return der && createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
}

/** Of two that make one at once, the second finds the first one's. */
function make(context: KeyContext): Promise<KeyObject> {
  return context.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
    const known = await stored(context, tx)
    if (known) return known
    const { privateKey } = generateKeyPairSync('ed25519')
    const der = privateKey.export({ type: 'pkcs8', format: 'der' })
    await putSealed(tx, context, placeOf(context.installation), der)
    return privateKey
  })
}
