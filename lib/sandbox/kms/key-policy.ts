import { AwsError } from '../aws-error.ts'
import { evaluate } from '../iam/evaluate.ts'
import { MalformedPolicy, type Policy, parsePolicy } from '../iam/policy.ts'
import { authorize, keyQuestion } from './authorize.ts'
import { findOwnKey } from './find-key.ts'
import type { Key } from './key.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'

const malformed = (message: string, cause?: unknown) => {
  const error = new AwsError('MalformedPolicyDocumentException', message)
  error.cause = cause
  return error
}

/** Throws unless it parses, names principals that exist, and leaves the caller able to change it again. */
export function checkPolicy(call: KmsCall, key: Key, text: string): void {
  if (Buffer.byteLength(text) > 32_768) {
    throw new AwsError('LimitExceededException', 'The key policy exceeds the limit of 32768 bytes.')
  }
  let policy: Policy
  try {
    policy = parsePolicy(text, 'resource')
  } catch (error) {
    throw malformed(error instanceof MalformedPolicy ? error.message : '', error)
  }
  for (const statement of policy.statements) {
    const named = [...(statement.principals?.AWS ?? []), ...(statement.notPrincipals?.AWS ?? [])]
    if (named.some((arn) => !call.iam.exists(arn))) {
      throw malformed('Policy contains a statement with one or more invalid principals.')
    }
  }
  if (call.input.boolean('BypassPolicyLockoutSafetyCheck')) return
  if (evaluate(keyQuestion(call, key, 'PutKeyPolicy', {}, policy)).allowed) return
  throw malformed('The new key policy will not allow you to update the key policy in the future.')
}

function requireDefaultName(call: KmsCall): void {
  const name = call.input.string('PolicyName', { min: 1, max: 128 })
  if (name !== undefined && name !== 'default') throw new AwsError('NotFoundException', `No such policy exists`)
}

export const getKeyPolicy: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'GetKeyPolicy')
  requireDefaultName(call)
  return { Policy: key.policy, PolicyName: 'default' }
}

export const putKeyPolicy: KmsHandler = (call) => {
  const text = call.input.requiredString('Policy', { min: 1, max: 131_072 })
  const key = findOwnKey(call)
  authorize(call, key, 'PutKeyPolicy')
  requireDefaultName(call)
  checkPolicy(call, key, text)
  key.policy = text
  call.keys.saveKey(key)
  return undefined
}

export const listKeyPolicies: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'ListKeyPolicies')
  return { PolicyNames: ['default'], Truncated: false }
}
