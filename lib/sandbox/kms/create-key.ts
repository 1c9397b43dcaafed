import { AwsError } from '../aws-error.ts'
import { authorizeWithoutKey } from './authorize.ts'
import { keyMetadata } from './describe-key.ts'
import { type KeySpec, type KeyUsage, keySpecs, keyUsages } from './key.ts'
import { checkPolicy } from './key-policy.ts'
import type { KmsHandler } from './kms-call.ts'
import { makeKey } from './make-key.ts'
import { checkTags, readTags } from './tags.ts'

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
