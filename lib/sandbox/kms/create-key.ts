import { randomBytes, randomUUID } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import { rootOf } from '../iam/principal.ts'
import { authorizeWithoutKey } from './authorize.ts'
import { keyMetadata } from './describe-key.ts'
import { type Key, type KeySpec, type KeyUsage, keyArn, keySpecs, keyUsages } from './key.ts'
import { checkPolicy } from './key-policy.ts'
import { newMaterial } from './key-store.ts'
import type { KmsHandler } from './kms-call.ts'
import { checkTags, readTags } from './tags.ts'

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

function fittingUsage(spec: KeySpec, usage: KeyUsage | undefined): KeyUsage {
  const fitting: KeyUsage[] = spec.startsWith('HMAC')
    ? ['GENERATE_VERIFY_MAC']
    : spec.startsWith('RSA')
      ? ['ENCRYPT_DECRYPT', 'SIGN_VERIFY']
      : spec.startsWith('ECC')
        ? ['SIGN_VERIFY', 'KEY_AGREEMENT']
        : ['ENCRYPT_DECRYPT']
  if (usage === undefined && spec === 'SYMMETRIC_DEFAULT') return 'ENCRYPT_DECRYPT'
  if (usage === undefined) {
    throw new AwsError(
      'ValidationException',
      `You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.`,
    )
  }
  if (fitting.includes(usage)) return usage
  throw new AwsError('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
}

export const createKey: KmsHandler = (call) => {
  const { input, caller, region } = call
  const spec = input.oneOf('KeySpec', keySpecs) ?? input.oneOf('CustomerMasterKeySpec', keySpecs) ?? 'SYMMETRIC_DEFAULT'
  const usage = fittingUsage(spec, input.oneOf('KeyUsage', keyUsages))
  const origin = input.oneOf('Origin', ['AWS_KMS', 'EXTERNAL']) ?? 'AWS_KMS'
  const policy = input.string('Policy', { min: 1, max: 131_072 })
  const tags = readTags(call)
  checkTags(tags)
  authorizeWithoutKey(call, 'CreateKey', '*', {
    'kms:KeySpec': [spec],
    'kms:KeyUsage': [usage],
    'kms:KeyOrigin': [origin],
  })
  const key = makeKey({
    account: caller.account,
    region,
    now: call.clock.now(),
    spec,
    usage,
    origin,
    multiRegion: input.boolean('MultiRegion'),
    description: input.string('Description', { max: 8192 }) ?? '',
    tags: Object.fromEntries(tags),
    ...(policy !== undefined && { policy }),
  })
  if (policy !== undefined) checkPolicy(call, key, policy)
  call.keys.add(key)
  return { KeyMetadata: keyMetadata(key, call.keys) }
}
