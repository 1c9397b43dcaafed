import { deniedMessage, evaluate } from '../iam/evaluate.ts'
import { globalContext } from '../iam/global-context.ts'
import { parsePolicy } from '../iam/policy.ts'
import type { Bucket } from './bucket-store.ts'
import { accessDenied } from './errors.ts'
import { headerOf, queryOf, type S3Call } from './s3-call.ts'

function requestContext(call: S3Call): Map<string, string[]> {
  const context = globalContext(call.caller, { region: call.region, time: call.world.clock.now() })
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) context.set(name.toLowerCase(), [value])
  }
  for (const name of ['prefix', 'delimiter', 'max-keys']) set(`s3:${name}`, queryOf(call, name))
  set('s3:VersionId', queryOf(call, 'versionId'))
  for (const name of [
    'x-amz-acl',
    'x-amz-copy-source',
    'x-amz-server-side-encryption',
    'x-amz-server-side-encryption-aws-kms-key-id',
    'x-amz-storage-class',
    'x-amz-content-sha256',
  ]) {
    set(`s3:${name}`, headerOf(call, name))
  }
  for (const name of ['if-none-match', 'if-match']) set(`s3:${name}`, headerOf(call, name))
  set('s3:authType', call.signature?.claim.expires === undefined ? 'REST-HEADER' : 'REST-QUERY-STRING')
  set('s3:signatureversion', 'AWS4-HMAC-SHA256')
  return context
}

/** @param key of an object in the bucket; without it the question is about the bucket */
function ask(call: S3Call, action: string, bucket: Bucket | undefined, key?: string) {
  const arn = bucket ? (key === undefined ? bucket.arn : `${bucket.arn}/${key}`) : '*'
  const policy = bucket?.settings.policy
  return {
    arn,
    answer: evaluate({
      principal: call.caller,
      action,
      resource: arn,
      owner: bucket?.settings.owner ?? call.caller.account,
      context: requestContext(call),
      resourcePolicy: policy === undefined ? undefined : parsePolicy(policy, 'resource'),
      identityNeedsDelegation: false,
    }),
  }
}

export function mayDo(call: S3Call, action: string, bucket: Bucket, key?: string): boolean {
  return ask(call, action, bucket, key).answer.allowed
}

/** Throws AccessDenied; to another account's people and to nobody in particular S3 does not say why. */
export function authorize(call: S3Call, action: string, bucket: Bucket | undefined, key?: string): void {
  const { arn, answer } = ask(call, action, bucket, key)
  const restricted = bucket?.settings.publicAccessBlock?.RestrictPublicBuckets
  const stranger = bucket !== undefined && call.caller.account !== bucket.settings.owner
  if (answer.allowed && !(restricted && stranger && call.caller.kind === 'anonymous')) return
  if (stranger || answer.allowed) throw accessDenied()
  throw accessDenied(deniedMessage({ principal: call.caller, action }, `on resource: "${arn}"`, answer.reason))
}
