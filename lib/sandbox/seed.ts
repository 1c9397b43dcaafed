import { administratorPolicy, userArn } from './iam/iam-store.ts'
import { rootOf } from './iam/principal.ts'
import type { Key } from './kms/key.ts'
import { makeKey, type NewKey } from './kms/make-key.ts'
import { closedToThePublic } from './s3/buckets.ts'
import type { World } from './world.ts'

export const sandboxRegions: readonly string[] = ['us-east-1', 'us-west-2', 'eu-central-1', 'ap-southeast-2']

/** Whose console it is, and somebody else. */
const ownAccount = '111122223333'
const otherAccount = '444455556666'
const administrator = 'vault-console'
const day = 86_400_000

/** Lets the console's user encrypt, but an explicit deny keeps it from decrypting: what a write-only key looks like. */
function writeOnlyPolicy(): string {
  const user = userArn({ account: ownAccount, name: administrator })
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Account', Effect: 'Allow', Principal: { AWS: rootOf(ownAccount) }, Action: 'kms:*', Resource: '*' },
      { Sid: 'WriteOnly', Effect: 'Deny', Principal: { AWS: user }, Action: 'kms:Decrypt', Resource: '*' },
    ],
  })
}

function seedRegion(world: World, region: string): void {
  const now = world.clock.now()
  const add = (alias: string, wish: Partial<NewKey>, change?: (key: Key) => void) => {
    const key = makeKey({ account: ownAccount, region, now, ...wish })
    change?.(key)
    world.keys.add(key)
    const { aliases } = world.keys.shelf(key.account, region)
    aliases.push({ name: `alias/${alias}`, keyId: key.id, created: now, updated: now })
  }
  if (world.keys.shelf(otherAccount, region).keys.length === 0) {
    const rotates = (key: Key) => {
      key.rotation = { days: 365, next: now + 365 * day }
    }
    add('backups', { description: 'Protects backups' }, rotates)
    add('archive', { description: 'Protects long-term archives' }, rotates)
    add('retired', { description: 'Switched off' }, (key) => {
      key.state = 'Disabled'
    })
    add('old-backups', { description: 'Being deleted' }, (key) => {
      key.state = 'PendingDeletion'
      key.deletion = { date: now + 30 * day, days: 30 }
    })
    add('code-signing', { description: 'Signs releases', spec: 'RSA_2048', usage: 'SIGN_VERIFY' })
    add('partner-inbox', { description: 'Receives encrypted files', spec: 'RSA_2048' })
    add('write-only', { description: 'May encrypt, may not decrypt', policy: writeOnlyPolicy() })
    add('not-shared', { description: 'Of another account', account: otherAccount })
    world.keys.save(ownAccount, region)
    world.keys.save(otherAccount, region)
  }
  const name = `vault-hosted-${region}`
  if (world.buckets.get(name)) return
  world.buckets.create({ name, region, owner: ownAccount, created: now, publicAccessBlock: { ...closedToThePublic } })
}

/** Trusts the console's user if it names an ExternalId: any, or one that is somebody else's. */
function trustPolicy(condition: object): string {
  const user = userArn({ account: ownAccount, name: administrator })
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: user }, Action: 'sts:AssumeRole', Condition: condition }],
  })
}

function seedRoles({ iam }: World): void {
  const add = (name: string, condition: object) =>
    iam.putRole({
      account: ownAccount,
      name,
      trustPolicy: trustPolicy(condition),
      policies: { AdministratorAccess: administratorPolicy },
      maxSessionDuration: 3600,
    })
  add('vault-backups', { Null: { 'sts:ExternalId': 'false' } })
  add('vault-locked', { StringEquals: { 'sts:ExternalId': 'of-another-console' } })
}

/** What a sandbox holds when it starts for the first time. Users come last: a first start that was cut short goes on. */
export function seed(world: World): void {
  for (const region of sandboxRegions) seedRegion(world, region)
  seedRoles(world)
  world.iam.putUser(ownAccount, administrator, { AdministratorAccess: administratorPolicy })
  world.iam.putUser(otherAccount, 'owner', { AdministratorAccess: administratorPolicy })
}
