import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Tx } from '#lib/db.ts'
import { openBound } from '#lib/seal/open-bound.ts'
import { getSealed, putSealed } from '#lib/seal/sealed-values.ts'
import type { EnvironmentContext } from './access.ts'

export interface SecretKey {
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
const secretKey = z.object({ secretAccessKey: z.string(), sessionToken: z.string().optional() })

/**
 * Where a revision's secret is. Revisions are never changed, and root keys come and go: so a revision names a sealed
 * value. One from before that holds the secret itself, under a root key that stays for its sake.
 */
export interface StoredSecret {
  readonly secretId: string | null
  readonly sealedSecret: Uint8Array<ArrayBuffer> | null
  readonly sealedUnder: string | null
}

type SecretContext = Pick<EnvironmentContext, 'db' | 'installation' | 'seal'>

export const hasSecret = (row: StoredSecret | undefined): boolean =>
  Boolean(row?.secretId || (row?.sealedSecret && row.sealedUnder))

/** Whether both hold the same entered secret, without opening it. */
export function isSameSecret(one: StoredSecret | undefined, other: StoredSecret | undefined): boolean {
  if (!one || !other || !hasSecret(one) || !hasSecret(other)) return hasSecret(one) === hasSecret(other)
  if (one.secretId || other.secretId) return one.secretId === other.secretId
  return Buffer.from(one.sealedSecret ?? []).equals(other.sealedSecret ?? new Uint8Array())
}

/** What another revision takes along to keep the same secret. */
export const keepSecret = ({ secretId, sealedSecret, sealedUnder }: StoredSecret): StoredSecret => ({
  secretId,
  sealedSecret,
  sealedUnder,
})

/** In the transaction of the revision that names it. @returns what the revision's row says */
export async function putSecret(tx: Tx, context: SecretContext, secret: SecretKey): Promise<{ secretId: string }> {
  const secretId = randomUUID()
  await putSealed(tx, context, placeOf(secretId), Buffer.from(JSON.stringify(secret)))
  return { secretId }
}

/** Undefined when there is none. Throws AppError `integrity`, naming the value, when it is not what was put. */
export async function openSecret(
  context: SecretContext,
  environment: string,
  row: StoredSecret,
): Promise<SecretKey | undefined> {
  const bytes = row.secretId
    ? await getSealed(context.db, context, placeOf(row.secretId))
    : await openOlder(context, environment, row)
  return bytes && secretKey.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
}

const placeOf = (secretId: string) => ({ place: 'environment.secret', row: secretId })

async function openOlder(context: SecretContext, environment: string, { sealedSecret, sealedUnder }: StoredSecret) {
  if (!sealedSecret || !sealedUnder) return undefined
  return openBound(
    context,
    { place: 'environment_revision.sealedSecret', row: environment },
    { keyId: sealedUnder, ciphertext: sealedSecret },
    { installation: context.installation, environment, purpose: 'environment_revision.sealedSecret' },
  )
}
