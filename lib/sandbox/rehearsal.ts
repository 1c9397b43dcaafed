import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'
import { Faults } from './faults.ts'
import type { Key, KeyState } from './kms/key.ts'
import { type ActiveRehearsal, type Rehearsal, type RehearsalKind, rehearsalKinds } from './schema.ts'
import type { World } from './world.ts'

/** The rehearsal under way, and what was before, on disk before anything is changed. */
interface Stored extends ActiveRehearsal {
  key?: { state: KeyState; deletion?: NonNullable<Key['deletion']> }
  /** It was broken: if it is not any more, somebody has mended it. */
  begun?: true
  policies?: Record<string, string>
}

const day = 86_400_000
const keyStateOf: Partial<Record<RehearsalKind, KeyState>> = {
  'key-disabled': 'Disabled',
  'key-pending-deletion': 'PendingDeletion',
}
const permissionOf: Partial<Record<RehearsalKind, string>> = {
  'without-describe-key': 'kms:DescribeKey',
  'without-encrypt': 'kms:Encrypt',
  'without-decrypt': 'kms:Decrypt',
}

/** At most one thing broken on purpose, that ending puts back as it was. It outlives a restart. */
export class Rehearsals {
  readonly #path: string
  #active: Stored | undefined
  /** What strikes calls while the rehearsal lasts, beside the faults that somebody set. */
  readonly faults = new Faults()

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'rehearsal.json')
    if (existsSync(this.#path)) this.#active = JSON.parse(readFileSync(this.#path, 'utf8'))
  }

  get active(): ActiveRehearsal | null {
    if (!this.#active) return null
    const { kind, keyArn, bucket, since } = this.#active
    return { kind, ...(keyArn !== undefined && { keyArn }), ...(bucket !== undefined && { bucket }), since }
  }

  /** After a start: what the last process had under way, or had been about to begin. A key that was mended stays so. */
  resume(world: World): void {
    if (!this.#active) return
    const { kind, keyArn, key, begun } = this.#active
    if (begun && key && findKey(keyArn, world)?.state !== keyStateOf[kind]) this.#forget()
    else this.#begin(this.#active, world)
  }

  /** Ends the one under way first. @returns a sentence about what is wrong with the wish, if something is */
  start(wish: Rehearsal, world: World): string | undefined {
    const about = permissionOf[wish.kind] ?? keyStateOf[wish.kind]
    const key = about === undefined ? undefined : findKey(wish.keyArn, world)
    if (about !== undefined && !key) return 'Give "keyArn", the ARN of a key of this sandbox.'
    this.end(world)
    if (wish.kind === 'bucket-gone' && world.buckets.get(wish.bucket ?? '') === undefined) {
      return 'Give "bucket", the name of a bucket of this sandbox.'
    }
    const stored: Stored = { kind: wish.kind, since: new Date().toISOString() }
    if (wish.kind === 'bucket-gone' && wish.bucket) stored.bucket = wish.bucket
    if (key) stored.keyArn = key.arn
    if (key && keyStateOf[wish.kind]) {
      stored.key = { state: key.state, ...(key.deletion && { deletion: key.deletion }) }
    }
    const [administrator] = world.iam.users
    if (permissionOf[wish.kind] && administrator) stored.policies = administrator.policies
    writeDurably(this.#path, `${JSON.stringify(stored, null, 2)}\n`)
    this.#begin(stored, world)
    return undefined
  }

  /** Puts back what was. Without a rehearsal it does nothing. */
  end(world: World): void {
    const stored = this.#active
    if (!stored) return
    this.faults.set([])
    world.buckets.hidden = undefined
    const key = findKey(stored.keyArn, world)
    if (key && stored.key) {
      delete key.deletion
      Object.assign(key, stored.key)
      world.keys.saveKey(key)
    }
    const [administrator] = world.iam.users
    if (administrator && stored.policies) {
      world.iam.putUser(administrator.account, administrator.name, stored.policies)
    }
    this.#forget()
  }

  #begin(stored: Stored, world: World): void {
    this.#apply(stored, world)
    this.#active = { ...stored, begun: true }
    writeDurably(this.#path, `${JSON.stringify(this.#active, null, 2)}\n`)
  }

  #forget(): void {
    rmSync(this.#path, { force: true })
    this.#active = undefined
  }

  #apply({ kind, keyArn, bucket }: Stored, world: World): void {
    const key = findKey(keyArn, world)
    const state = keyStateOf[kind]
    if (key && state && key.state !== state) {
      key.state = state
      if (state === 'PendingDeletion') key.deletion = { date: world.clock.now() + 30 * day, days: 30 }
      else delete key.deletion
      world.keys.saveKey(key)
    }
    const permission = permissionOf[kind]
    const [administrator] = world.iam.users
    if (administrator && permission && keyArn) {
      world.iam.putUser(administrator.account, administrator.name, { Rehearsal: allBut(permission, keyArn) })
    }
    if (kind === 'kms-throttled') this.faults.set([{ service: 'kms', operation: '*', effect: 'Throttle' }])
    if (kind === 'kms-down') this.faults.set([{ service: 'kms', operation: '*', effect: 'Outage' }])
    if (kind === 'slow-network') {
      this.faults.set([{ service: '*', operation: '*', effect: 'Latency', latencyMs: 1000 }])
    }
    if (kind === 'bucket-gone') world.buckets.hidden = bucket
  }
}

/** What an administrator's policy comes to when one permission on one key is taken out: nothing denies, nothing allows. */
function allBut(permission: string, keyArn: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', NotAction: permission, Resource: '*' },
      { Effect: 'Allow', Action: permission, NotResource: keyArn },
    ],
  })
}

function findKey(arn: string | undefined, world: World): Key | undefined {
  return world.keys.allKeys().find((key) => key.arn === arn)
}

/** The rehearsal of a request body, or a sentence about what is wrong with it. */
export function readRehearsal(value: unknown): Rehearsal | string {
  const { kind, keyArn, bucket } =
    typeof value === 'object' && value !== null
      ? { kind: undefined, keyArn: undefined, bucket: undefined, ...value }
      : {}
  const known = rehearsalKinds.find((candidate) => candidate === kind)
  if (!known) return `"kind" must be one of ${rehearsalKinds.join(', ')}.`
  return {
    kind: known,
    ...(typeof keyArn === 'string' && { keyArn }),
    ...(typeof bucket === 'string' && { bucket }),
  }
}
