import { AwsError } from '../aws-error.ts'
import { authorize, authorizeWithoutKey } from './authorize.ts'
import { keyMetadata } from './describe-key.ts'
import { findOwnKey } from './find-key.ts'
import { type Key, keyArn } from './key.ts'
import { checkPolicy } from './key-policy.ts'
import { requireState } from './key-state.ts'
import type { KmsHandler } from './kms-call.ts'
import { defaultPolicy } from './make-key.ts'
import { checkTags, readTags } from './tags.ts'

/** The same key in another Region: same ID and material; policy, aliases, tags, grants and state of its own. */
export const replicateKey: KmsHandler = (call) => {
  const { input, caller } = call
  const region = input.requiredString('ReplicaRegion', { min: 1, max: 32 })
  const policy = input.string('Policy', { min: 1, max: 131_072 })
  const tags = readTags(call)
  checkTags(tags)
  const primary = findOwnKey(call)
  authorize(call, primary, 'ReplicateKey', { more: { 'kms:ReplicaRegion': [region] } })
  authorizeWithoutKey(call, 'CreateKey', '*')
  if (primary.multiRegion?.type !== 'PRIMARY') {
    throw new AwsError('UnsupportedOperationException', `${primary.arn} is not a multi-region primary key.`)
  }
  requireState(primary, 'ReplicateKey')
  if (region === call.region || call.keys.key(caller.account, region, primary.id)) {
    throw new AwsError('AlreadyExistsException', `${keyArn(caller.account, region, primary.id)} already exists.`)
  }
  const { rotation, deletion, lastUsage, privateKey, importParameters, ...shared } = primary
  const replica: Key = {
    ...shared,
    region,
    arn: keyArn(caller.account, region, primary.id),
    created: call.clock.now(),
    description: input.string('Description', { max: 8192 }) ?? '',
    state: 'Enabled',
    multiRegion: { type: 'REPLICA', primaryRegion: primary.region },
    policy: policy ?? defaultPolicy(caller.account),
    tags: Object.fromEntries(tags),
    materials: [],
    grants: [],
  }
  if (policy !== undefined) checkPolicy(call, replica, policy)
  call.keys.add(replica)
  return {
    ReplicaKeyMetadata: keyMetadata(replica, call.keys),
    ReplicaPolicy: replica.policy,
    ReplicaTags: tags.map(([name, value]) => ({ TagKey: name, TagValue: value })),
  }
}
