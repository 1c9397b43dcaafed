import { AwsError } from '../aws-error.ts'
import { authorize, authorizeWithoutKey } from './authorize.ts'
import { seconds } from './describe-key.ts'
import { checkAliasName, findOwnKey } from './find-key.ts'
import { type Alias, aliasArn, isSymmetric, type Key } from './key.ts'
import { requireState } from './key-state.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'
import { page } from './page.ts'

const shelfOf = (call: KmsCall) => call.keys.shelf(call.caller.account, call.region)
const arnOf = (call: KmsCall, name: string) => aliasArn(call.caller.account, call.region, name)

function requireRoom(call: KmsCall, key: Key): void {
  if (shelfOf(call).aliases.filter((alias) => alias.keyId === key.id).length >= 50) {
    throw new AwsError('LimitExceededException', `Alias limit exceeded for key ${key.arn}.`)
  }
}

function findAlias(call: KmsCall, name: string): Alias {
  const alias = shelfOf(call).aliases.find((candidate) => candidate.name === name)
  if (!alias) throw new AwsError('NotFoundException', `Alias ${arnOf(call, name)} is not found.`)
  return alias
}

/** An alias needs the permission on itself, by IAM policy, and on its key. */
export const createAlias: KmsHandler = (call) => {
  const name = call.input.requiredString('AliasName', { min: 1, max: 256 })
  checkAliasName(name)
  const key = findOwnKey(call, 'TargetKeyId')
  authorizeWithoutKey(call, 'CreateAlias', arnOf(call, name))
  authorize(call, key, 'CreateAlias')
  requireState(key, 'CreateAlias')
  if (shelfOf(call).aliases.some((alias) => alias.name === name)) {
    throw new AwsError('AlreadyExistsException', `An alias with the name ${arnOf(call, name)} already exists`)
  }
  requireRoom(call, key)
  const now = call.clock.now()
  shelfOf(call).aliases.push({ name, keyId: key.id, created: now, updated: now })
  call.keys.saveKey(key)
  return undefined
}

const kind = (key: Key) => (isSymmetric(key) ? 'symmetric' : key.spec.startsWith('HMAC') ? 'HMAC' : 'asymmetric')

export const updateAlias: KmsHandler = (call) => {
  const name = call.input.requiredString('AliasName', { min: 1, max: 256 })
  checkAliasName(name)
  const key = findOwnKey(call, 'TargetKeyId')
  const alias = findAlias(call, name)
  authorizeWithoutKey(call, 'UpdateAlias', arnOf(call, name))
  const old = shelfOf(call).keys.find((candidate) => candidate.id === alias.keyId)
  if (old) authorize(call, old, 'UpdateAlias')
  authorize(call, key, 'UpdateAlias')
  requireState(key, 'UpdateAlias')
  if (old && (kind(old) !== kind(key) || old.usage !== key.usage)) {
    throw new AwsError(
      'ValidationException',
      `Alias ${arnOf(call, name)} cannot be moved to a key of another type or usage.`,
    )
  }
  requireRoom(call, key)
  alias.keyId = key.id
  alias.updated = call.clock.now()
  call.keys.saveKey(key)
  return undefined
}

export const deleteAlias: KmsHandler = (call) => {
  const name = call.input.requiredString('AliasName', { min: 1, max: 256 })
  checkAliasName(name)
  const alias = findAlias(call, name)
  authorizeWithoutKey(call, 'DeleteAlias', arnOf(call, name))
  const shelf = shelfOf(call)
  const key = shelf.keys.find((candidate) => candidate.id === alias.keyId)
  if (key) authorize(call, key, 'DeleteAlias')
  shelf.aliases = shelf.aliases.filter((other) => other !== alias)
  call.keys.save(call.caller.account, call.region)
  return undefined
}

export const listAliases: KmsHandler = (call) => {
  const key = call.input.has('KeyId') ? findOwnKey(call) : undefined
  authorizeWithoutKey(call, 'ListAliases', '*')
  const aliases = shelfOf(call).aliases.filter((alias) => key === undefined || alias.keyId === key.id)
  const { items, rest } = page(call.input, aliases, { usual: 50, max: 100 })
  return {
    Aliases: items.map((alias) => ({
      AliasName: alias.name,
      AliasArn: arnOf(call, alias.name),
      TargetKeyId: alias.keyId,
      CreationDate: seconds(alias.created),
      LastUpdatedDate: seconds(alias.updated),
    })),
    ...rest,
  }
}
