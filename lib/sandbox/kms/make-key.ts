import { randomBytes, randomUUID } from 'node:crypto'
import { rootOf } from '../iam/principal.ts'
import { type Key, type KeySpec, type KeyUsage, keyArn } from './key.ts'
import { newMaterial } from './key-store.ts'

/** The policy that CreateKey gives when none is named: IAM policies of the account decide. */
export function defaultPolicy(account: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: rootOf(account) },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  })
}

export interface NewKey {
  account: string
  region: string
  /** Milliseconds. */
  now: number
  spec?: KeySpec
  usage?: KeyUsage
  origin?: 'AWS_KMS' | 'EXTERNAL'
  multiRegion?: boolean
  description?: string
  policy?: string
  tags?: Record<string, string>
}

export function makeKey(wish: NewKey): Key {
  const id = wish.multiRegion ? `mrk-${randomBytes(16).toString('hex')}` : randomUUID()
  const spec = wish.spec ?? 'SYMMETRIC_DEFAULT'
  const origin = wish.origin ?? 'AWS_KMS'
  const key: Key = {
    id,
    account: wish.account,
    region: wish.region,
    arn: keyArn(wish.account, wish.region, id),
    created: wish.now,
    description: wish.description ?? '',
    usage: wish.usage ?? 'ENCRYPT_DECRYPT',
    spec,
    origin,
    manager: 'CUSTOMER',
    state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    policy: wish.policy ?? defaultPolicy(wish.account),
    tags: wish.tags ?? {},
    materials: spec === 'SYMMETRIC_DEFAULT' && origin === 'AWS_KMS' ? [newMaterial(id, wish.now)] : [],
    grants: [],
  }
  if (wish.multiRegion) key.multiRegion = { type: 'PRIMARY', primaryRegion: wish.region }
  return key
}
