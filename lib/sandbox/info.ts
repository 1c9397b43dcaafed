import { evaluate } from './iam/evaluate.ts'
import { globalContext } from './iam/global-context.ts'
import { type Role, roleArn, type User, userArn, userPrincipal } from './iam/iam-store.ts'
import { parsePolicy } from './iam/policy.ts'
import { keyQuestion } from './kms/authorize.ts'
import { Input } from './kms/input.ts'
import { isSymmetric, type Key } from './kms/key.ts'
import type { KmsCall } from './kms/kms-call.ts'
import { sandboxRegions } from './seed.ts'
import type { World } from './world.ts'

export interface SandboxAccount {
  /** 12 digits */
  id: string
  accessKeyId: string
  secretAccessKey: string
  arn: string
}

export interface SandboxKey {
  arn: string
  alias?: string
  region: string
  state: string
  /** Enabled, symmetric, for encryption, and `accounts[0]` may describe it, encrypt and decrypt with it. */
  usable: boolean
  /** One sentence for an administrator. */
  about: string
}

export interface SandboxRole {
  arn: string
  /** `accounts[0]` may assume it, naming an ExternalId that it makes up. */
  usable: boolean
  /** One sentence for an administrator. */
  about: string
}

export interface SandboxInfo {
  endpoint: string
  /** The first is the administrator. */
  accounts: SandboxAccount[]
  /** Usable ones first. */
  keys: SandboxKey[]
  buckets: { name: string; region: string }[]
  roles: SandboxRole[]
}

function allowed(world: World, user: User, key: Key, operation: string): boolean {
  const call: KmsCall = {
    operation,
    input: new Input(''),
    caller: userPrincipal(user),
    region: key.region,
    requestId: '',
    keys: world.keys,
    iam: world.iam,
    clock: world.clock,
  }
  return evaluate(keyQuestion(call, key, operation, {}, parsePolicy(key.policy, 'resource'))).allowed
}

const states: Partial<Record<Key['state'], string>> = {
  Disabled: 'Disabled',
  PendingDeletion: 'Pending deletion',
  PendingReplicaDeletion: 'Pending deletion, once its replicas are gone',
  PendingImport: 'Waiting for its key material to be imported',
  Unavailable: 'Unavailable',
  Creating: 'Being created',
  Updating: 'Being updated',
}

const purposes: Record<Key['usage'], string> = {
  ENCRYPT_DECRYPT: 'for encryption',
  SIGN_VERIFY: 'for signing',
  GENERATE_VERIFY_MAC: 'for message authentication',
  KEY_AGREEMENT: 'for key agreement',
}

function kind(key: Key): string {
  const family = key.spec.split('_')[0] ?? ''
  return family === 'HMAC' ? `HMAC, ${purposes[key.usage]}` : `Asymmetric (${family}, ${purposes[key.usage]})`
}

/** What an administrator should know about a key, and whether it works. */
function judge(world: World, user: User, key: Key): { usable: boolean; about: string } {
  const needed = ['DescribeKey', 'Encrypt', 'Decrypt']
  const denied = needed.filter((operation) => !allowed(world, user, key, operation))
  const no = (about: string) => ({ usable: false, about })
  if (denied.length === needed.length && key.account !== user.account) {
    return no(`In account ${key.account}, which has not shared it`)
  }
  if (!isSymmetric(key)) return no(kind(key))
  const obstacle = states[key.state]
  if (obstacle) return no(obstacle)
  if (key.manager === 'AWS') return no('Managed by AWS: works only through its service')
  if (denied.length > 0) {
    const granted = needed.filter((operation) => !denied.includes(operation) && operation !== 'DescribeKey')
    if (granted.length === 0) return no(`Its policy denies you ${denied.join(' and ')}`)
    return no(`Its policy lets you ${granted.join(' and ')} but denies ${denied.join(' and ')}`)
  }
  const about = key.description || 'Works'
  return { usable: true, about: key.multiRegion ? `${about} (multi-Region)` : about }
}

function describeRole(role: Role, user: User | undefined, world: World): SandboxRole {
  const arn = roleArn(role)
  const caller = user && userPrincipal(user)
  const trusts = (externalId?: string) => {
    if (!caller) return false
    const context = globalContext(caller, { region: 'us-east-1', time: world.clock.now() })
    if (externalId) context.set('sts:externalid', [externalId])
    const question = { principal: caller, action: 'sts:AssumeRole', resource: arn, owner: role.account, context }
    const resourcePolicy = parsePolicy(role.trustPolicy, 'resource')
    return evaluate({ ...question, resourcePolicy, identityNeedsDelegation: true }).allowed
  }
  const usable = trusts('any-at-all')
  if (!usable) return { arn, usable, about: 'Its trust policy refuses you, or asks for another ExternalId' }
  return { arn, usable, about: trusts() ? 'Trusts you without any ExternalId' : 'Trusts you with any ExternalId' }
}

/** Regions in the order they were seeded, any other after them. */
function place(region: string): number {
  const at = sandboxRegions.indexOf(region)
  return at < 0 ? sandboxRegions.length : at
}

export function sandboxInfo(world: World, endpoint: string): SandboxInfo {
  const [administrator] = world.iam.users
  const keys = world.keys.allKeys().map((key): SandboxKey => {
    const alias = world.keys.shelf(key.account, key.region).aliases.find((candidate) => candidate.keyId === key.id)
    return {
      arn: key.arn,
      ...(alias && { alias: alias.name }),
      region: key.region,
      state: key.state,
      ...(administrator ? judge(world, administrator, key) : { usable: false, about: '' }),
    }
  })
  return {
    endpoint,
    accounts: world.iam.users.map((user) => ({
      id: user.account,
      accessKeyId: user.accessKeyId,
      secretAccessKey: user.secretAccessKey,
      arn: userArn(user),
    })),
    keys: keys.sort((a, b) => Number(b.usable) - Number(a.usable) || place(a.region) - place(b.region)),
    buckets: world.buckets.all().map(({ settings }) => ({ name: settings.name, region: settings.region })),
    roles: world.iam.roles.map((role) => describeRole(role, administrator, world)),
  }
}
