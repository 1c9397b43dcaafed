import { AwsError } from '../aws-error.ts'
import { deniedMessage, evaluate, type Question } from '../iam/evaluate.ts'
import { globalContext } from '../iam/global-context.ts'
import { type Policy, parsePolicy } from '../iam/policy.ts'
import type { Grant, Key } from './key.ts'
import type { KmsCall } from './kms-call.ts'

interface KmsRequestFacts {
  encryptionContext?: Record<string, string>
  algorithm?: string
  /** The alias used to name the key. */
  alias?: string | undefined
  /** More condition keys. */
  more?: Record<string, string[]>
  /** Decrypt without KeyId: AWS then names the ciphertext, not the key. */
  byCiphertext?: boolean
}

/** @param reason `foreign` for a key of another account, where AWS does not tell why */
export function accessDenied(call: KmsCall, action: string, target: string, reason: string): AwsError {
  const words =
    reason === 'foreign'
      ? 'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
      : reason
  return new AwsError('AccessDeniedException', deniedMessage({ principal: call.caller, action }, target, words))
}

function requestContext(call: KmsCall, key: Key | undefined, facts: KmsRequestFacts): Map<string, string[]> {
  const context = globalContext(call.caller, { region: call.region, time: call.clock.now() })
  const set = (name: string, ...values: string[]) => context.set(name.toLowerCase(), values)
  set('kms:CallerAccount', call.caller.account)
  if (call.viaService) set('kms:ViaService', call.viaService)
  if (key) {
    set('kms:KeySpec', key.spec)
    set('kms:KeyUsage', key.usage)
    set('kms:KeyOrigin', key.origin)
    set('kms:MultiRegion', String(key.multiRegion !== undefined))
    if (key.multiRegion) set('kms:MultiRegionKeyType', key.multiRegion.type)
    const aliases = call.keys.shelf(key.account, key.region).aliases.filter((alias) => alias.keyId === key.id)
    if (aliases.length > 0) set('kms:ResourceAliases', ...aliases.map((alias) => alias.name))
    set('aws:ResourceAccount', key.account)
    for (const [name, value] of Object.entries(key.tags)) set(`aws:ResourceTag/${name}`, value)
  }
  if (facts.alias) set('kms:RequestAlias', facts.alias)
  if (facts.algorithm) set('kms:EncryptionAlgorithm', facts.algorithm)
  const pairs = Object.entries(facts.encryptionContext ?? {})
  for (const [name, value] of pairs) set(`kms:EncryptionContext:${name}`, value)
  if (pairs.length > 0) set('kms:EncryptionContextKeys', ...pairs.map(([name]) => name))
  for (const [name, values] of Object.entries(facts.more ?? {})) set(name, ...values)
  return context
}

function grantAllows(grant: Grant, call: KmsCall, operation: string, context: Record<string, string>): boolean {
  if (!call.caller.names.includes(grant.grantee) || !grant.operations.includes(operation)) return false
  const holds = (pairs: Record<string, string>) =>
    Object.entries(pairs).every(([name, value]) => context[name] === value)
  if (grant.subset && !holds(grant.subset)) return false
  if (!grant.equals) return true
  return holds(grant.equals) && Object.keys(context).length === Object.keys(grant.equals).length
}

/** Grants work at once here, so a token adds nothing; one that nobody gave out is refused all the same. */
function checkGrantTokens(call: KmsCall): void {
  const tokens = call.input.strings('GrantTokens')
  if (tokens.length === 0) return
  const known = new Set(call.keys.allKeys().flatMap((key) => key.grants.map((grant) => grant.token)))
  if (tokens.some((token) => !known.has(token))) throw new AwsError('InvalidGrantTokenException', '')
}

/** Throws AccessDeniedException unless the key policy, IAM policies or a grant let the caller do `operation` with `key`. */
export function authorize(call: KmsCall, key: Key, operation: string, facts: KmsRequestFacts = {}): void {
  checkGrantTokens(call)
  const question = keyQuestion(call, key, operation, facts, parsePolicy(key.policy, 'resource'))
  const answer = evaluate(question)
  if (answer.allowed) return
  if (
    !answer.explicit &&
    key.grants.some((grant) => grantAllows(grant, call, operation, facts.encryptionContext ?? {}))
  )
    return
  // Across accounts AWS tells of the caller's own policies, and nothing of the key's.
  const foreign = key.account !== call.caller.account && answer.reason.includes('resource-based')
  const place = foreign ? 'on this resource' : `on resource: ${key.arn}`
  const target = facts.byCiphertext ? 'on the resource associated with this ciphertext' : place
  throw accessDenied(call, question.action, target, foreign ? 'foreign' : answer.reason)
}

/** The question of PutKeyPolicy's lockout check too: would this policy let the caller change it again? */
export function keyQuestion(
  call: KmsCall,
  key: Key,
  operation: string,
  facts: KmsRequestFacts,
  policy: Policy,
): Question {
  return {
    principal: call.caller,
    action: `kms:${operation}`,
    resource: key.arn,
    owner: key.account,
    context: requestContext(call, key, facts),
    resourcePolicy: policy,
    identityNeedsDelegation: true,
  }
}

/** For operations on no key, or on an alias: only IAM policies decide. */
export function authorizeWithoutKey(
  call: KmsCall,
  operation: string,
  resource: string,
  more?: Record<string, string[]>,
): void {
  const action = `kms:${operation}`
  const answer = evaluate({
    principal: call.caller,
    action,
    resource,
    owner: call.caller.account,
    context: requestContext(call, undefined, more ? { more } : {}),
    identityNeedsDelegation: false,
  })
  if (answer.allowed) return
  throw accessDenied(call, action, resource === '*' ? '' : `on resource: ${resource}`, answer.reason)
}
