import { parseArn } from '../arn.ts'
import { AwsError } from '../aws-error.ts'
import { accessDenied } from './authorize.ts'
import { awsManagedKey } from './aws-managed-key.ts'
import { validationError } from './input.ts'
import { aliasArn, type Key, keyArn } from './key.ts'
import type { KmsCall } from './kms-call.ts'

const keyIdPattern = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/

export interface Found {
  key: Key
  /** The alias that the request used. */
  alias: string | undefined
}

function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message)
}

function byId(call: KmsCall, account: string, id: string, action: string): Key {
  const key = call.keys.key(account, call.region, id)
  if (key) return key
  if (account !== call.caller.account) throw accessDenied(call, action, 'on this resource', 'foreign')
  if (!keyIdPattern.test(id)) throw notFound(`Invalid keyId '${id}'`)
  throw notFound(`Key '${keyArn(account, call.region, id)}' does not exist`)
}

function byAlias(call: KmsCall, account: string, name: string, action: string): Key {
  const shelf = call.keys.shelf(account, call.region)
  const alias = shelf.aliases.find((candidate) => candidate.name === name)
  const key = shelf.keys.find((candidate) => candidate.id === alias?.keyId)
  if (key) return key
  if (account !== call.caller.account) throw accessDenied(call, action, 'on this resource', 'foreign')
  const managed = awsManagedKey(call, name)
  if (managed) return managed
  throw notFound(`Alias ${aliasArn(account, call.region, name)} is not found.`)
}

/**
 * The key that a request names by key ID, key ARN and, where the operation takes them, alias name or alias ARN.
 * A key of another account that is not there is a denial: AWS does not tell which it is.
 */
export function findKey(call: KmsCall, name: string, action: string, takesAlias: boolean): Found {
  if (!name.startsWith('arn:')) {
    if (!name.startsWith('alias/')) return { key: byId(call, call.caller.account, name, action), alias: undefined }
    if (!takesAlias) throw notFound(`Invalid keyId '${name}'`)
    return { key: byAlias(call, call.caller.account, name, action), alias: name }
  }
  const arn = parseArn(name)
  if (arn?.service !== 'kms' || !/^(key|alias)\//.test(arn.resource)) {
    throw takesAlias ? notFound(`Invalid arn ${name}`) : new AwsError('InvalidArnException', `Invalid arn ${name}`)
  }
  if (arn.region !== call.region) throw notFound(`Invalid arn ${arn.region}`)
  if (arn.resource.startsWith('key/')) {
    return { key: byId(call, arn.account, arn.resource.slice('key/'.length), action), alias: undefined }
  }
  if (!takesAlias) throw new AwsError('InvalidArnException', `Invalid arn ${name}`)
  return { key: byAlias(call, arn.account, arn.resource, action), alias: arn.resource }
}

/** For operations on the caller's own keys, by key ID or key ARN. */
export function findOwnKey(call: KmsCall, member = 'KeyId'): Key {
  const name = call.input.requiredString(member)
  const { key } = findKey(call, name, `kms:${call.operation}`, false)
  if (key.account !== call.caller.account)
    throw accessDenied(call, `kms:${call.operation}`, 'on this resource', 'foreign')
  return key
}

/** Checks an alias name that is to be made, moved or removed. */
export function checkAliasName(name: string): void {
  if (!name.startsWith('alias/')) {
    throw new AwsError(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    )
  }
  if (!/^[a-zA-Z0-9:/_-]+$/.test(name)) {
    throw validationError(
      `Value '${name}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`,
    )
  }
  if (name.startsWith('alias/aws/')) throw new AwsError('NotAuthorizedException', '')
}
