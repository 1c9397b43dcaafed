export const keyStates = [
  'Creating',
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingImport',
  'PendingReplicaDeletion',
  'Unavailable',
  'Updating',
] as const
export type KeyState = (typeof keyStates)[number]

export const keySpecs = [
  'SYMMETRIC_DEFAULT',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
  'HMAC_224',
  'HMAC_256',
  'HMAC_384',
  'HMAC_512',
] as const
export type KeySpec = (typeof keySpecs)[number]

export const keyUsages = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const
export type KeyUsage = (typeof keyUsages)[number]

/** One backing key. Rotation adds one; ciphertext names the one that made it. */
export interface Material {
  /** 64 hex digits */
  id: string
  /** base64, 32 bytes; absent while imported material is deleted or expired */
  secret?: string
  /** When it became current, or was imported; milliseconds. */
  since: number
  rotation?: 'AUTOMATIC' | 'ON_DEMAND'
  /** Imported and waiting for a rotation. */
  pending?: boolean
  /** When imported material expires; milliseconds. */
  validTo?: number
}

export interface Grant {
  id: string
  name?: string
  token: string
  grantee: string
  retiring?: string
  operations: string[]
  equals?: Record<string, string>
  subset?: Record<string, string>
  /** Milliseconds. */
  created: number
  issuer: string
}

export interface Key {
  id: string
  account: string
  region: string
  arn: string
  /** Milliseconds. */
  created: number
  description: string
  usage: KeyUsage
  spec: KeySpec
  origin: 'AWS_KMS' | 'EXTERNAL'
  /** `AWS` for the keys behind `alias/aws/…`. */
  manager: 'CUSTOMER' | 'AWS'
  state: KeyState
  multiRegion?: { type: 'PRIMARY' | 'REPLICA'; primaryRegion: string }
  /** JSON */
  policy: string
  tags: Record<string, string>
  /** Oldest first. A replica has none of its own: its primary's open its ciphertext. */
  materials: Material[]
  /** PEM, made at the first use of an RSA key. */
  privateKey?: string
  rotation?: { days: number; next: number }
  deletion?: { date: number; days: number }
  grants: Grant[]
  /** What the last GetParametersForImport gave out. */
  importParameters?: { token: string; wrapping: string; privateKey: string; expires: number }
  lastUsage?: { operation: string; time: number; requestId: string; eventId: string }
}

export interface Alias {
  /** With the prefix `alias/`. */
  name: string
  keyId: string
  created: number
  updated: number
}

export const isSymmetric = (key: Key): boolean => key.spec === 'SYMMETRIC_DEFAULT'

export function keyArn(account: string, region: string, id: string): string {
  return `arn:aws:kms:${region}:${account}:key/${id}`
}

export function aliasArn(account: string, region: string, name: string): string {
  return `arn:aws:kms:${region}:${account}:${name}`
}
