import { randomBytes } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import { authorize } from './authorize.ts'
import { seconds } from './describe-key.ts'
import { stopDryRun } from './encrypt.ts'
import { findKey } from './find-key.ts'
import type { Grant, Key } from './key.ts'
import { requireState } from './key-state.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'
import { page } from './page.ts'

const grantable = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'Sign',
  'Verify',
  'GetPublicKey',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
] as const

/** The key by ID or ARN; another account's by ARN. */
function keyOf(call: KmsCall): Key {
  return findKey(call, call.input.requiredString('KeyId'), `kms:${call.operation}`, false).key
}

function readOperations(call: KmsCall): string[] {
  const operations = call.input.strings('Operations')
  const unknown = operations.find((name) => !grantable.some((candidate) => candidate === name))
  if (operations.length > 0 && unknown === undefined) return operations
  throw new AwsError(
    'ValidationException',
    unknown === undefined
      ? "1 validation error detected: Value at 'operations' failed to satisfy constraint: Member must not be null"
      : `1 validation error detected: Value '[${operations.join(', ')}]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [${grantable.join(', ')}]]`,
  )
}

function readConstraints(call: KmsCall): Pick<Grant, 'equals' | 'subset'> {
  const constraints = call.input.structure('Constraints')
  return {
    ...(constraints.has('EncryptionContextEquals') && { equals: constraints.map('EncryptionContextEquals') }),
    ...(constraints.has('EncryptionContextSubset') && { subset: constraints.map('EncryptionContextSubset') }),
  }
}

function requirePrincipal(call: KmsCall, arn: string): void {
  if (arn.startsWith('arn:') && call.iam.exists(arn)) return
  throw new AwsError('InvalidArnException', `ARN does not refer to a valid principal: ${arn}`)
}

export const createGrant: KmsHandler = (call) => {
  const { input } = call
  const grantee = input.requiredString('GranteePrincipal', { min: 1, max: 256 })
  const retiring = input.string('RetiringPrincipal', { min: 1, max: 256 })
  const name = input.string('Name', { min: 1, max: 256 })
  const operations = readOperations(call)
  const constraints = readConstraints(call)
  const key = keyOf(call)
  authorize(call, key, 'CreateGrant', {
    more: {
      'kms:GrantOperations': operations,
      'kms:GranteePrincipal': [grantee],
      'kms:GrantIsForAWSResource': [String(call.viaService !== undefined)],
    },
  })
  requireState(key, 'CreateGrant')
  requirePrincipal(call, grantee)
  if (retiring !== undefined) requirePrincipal(call, retiring)
  stopDryRun(call)
  const wish = {
    grantee,
    operations,
    ...constraints,
    ...(retiring !== undefined && { retiring }),
    ...(name !== undefined && { name }),
  }
  // The same named grant again is answered with the one there is.
  const same = key.grants.find(({ id, token, created, issuer, ...rest }) => {
    return name !== undefined && JSON.stringify(rest) === JSON.stringify(wish)
  })
  if (same) return { GrantId: same.id, GrantToken: same.token }
  const grant: Grant = {
    ...wish,
    id: randomBytes(32).toString('hex'),
    token: randomBytes(96).toString('base64'),
    created: call.clock.now(),
    issuer: call.caller.arn,
  }
  key.grants.push(grant)
  call.keys.saveKey(key)
  return { GrantId: grant.id, GrantToken: grant.token }
}

export const listGrants: KmsHandler = (call) => {
  const id = call.input.string('GrantId', { min: 1, max: 128 })
  const grantee = call.input.string('GranteePrincipal', { min: 1, max: 256 })
  const key = keyOf(call)
  authorize(call, key, 'ListGrants')
  const grants = key.grants.filter((grant) => {
    return (id === undefined || grant.id === id) && (grantee === undefined || grant.grantee === grantee)
  })
  const { items, rest } = page(call.input, grants, { usual: 50, max: 100 })
  return {
    Grants: items.map((grant) => ({
      KeyId: key.arn,
      GrantId: grant.id,
      Name: grant.name,
      CreationDate: seconds(grant.created),
      GranteePrincipal: grant.grantee,
      RetiringPrincipal: grant.retiring,
      IssuingAccount: grant.issuer,
      Operations: grant.operations,
      ...((grant.equals || grant.subset) && {
        Constraints: { EncryptionContextEquals: grant.equals, EncryptionContextSubset: grant.subset },
      }),
    })),
    ...rest,
  }
}

function drop(call: KmsCall, key: Key, id: string): void {
  if (!key.grants.some((grant) => grant.id === id)) {
    throw new AwsError('NotFoundException', `Grant ID ${id} not found`)
  }
  stopDryRun(call)
  key.grants = key.grants.filter((grant) => grant.id !== id)
  call.keys.saveKey(key)
}

export const revokeGrant: KmsHandler = (call) => {
  const id = call.input.requiredString('GrantId', { min: 1, max: 128 })
  const key = keyOf(call)
  authorize(call, key, 'RevokeGrant')
  drop(call, key, id)
  return undefined
}

/** By its token, or by key ARN and grant ID; the principal named for it may do so without any policy. */
export const retireGrant: KmsHandler = (call) => {
  const token = call.input.string('GrantToken', { min: 1, max: 8192 })
  const byToken = call.keys.allKeys().find((key) => key.grants.some((grant) => grant.token === token))
  if (token !== undefined && !byToken) throw new AwsError('InvalidGrantTokenException', '')
  const key = byToken ?? keyOf(call)
  const id =
    key.grants.find((grant) => token !== undefined && grant.token === token)?.id ??
    call.input.requiredString('GrantId', { min: 1, max: 128 })
  const grant = key.grants.find((candidate) => candidate.id === id)
  const named = grant?.retiring !== undefined && call.caller.names.includes(grant.retiring)
  if (!named) authorize(call, key, 'RetireGrant')
  drop(call, key, id)
  return undefined
}
