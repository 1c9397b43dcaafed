import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import { maybe, pageNumber } from '#lib/address-bar.ts'
import { findRegion } from '#lib/aws/schema.ts'
import type { BackupState, WaitingFor } from '#lib/backup/schema.ts'
import { type KeyStanding, type KeyState, keyStates } from '#lib/key-health/schema.ts'
import { parseKeyIdentifier } from '#lib/keys/schema.ts'

/** `/keys/us-east-1/111122223333/<key ID>`: the page of a key. The list for what is no key ARN, such as a root key. */
export function keyPath(arn: string): string {
  const [, , , region, account, resource] = arn.split(':')
  return region && account && resource?.startsWith('key/') ? `/keys/${region}/${account}/${resource.slice(4)}` : '/keys'
}

/** The key ARN that such an address stands for; undefined when it can stand for none. */
export function arnOfPath({
  region,
  account,
  id,
}: {
  region: string
  account: string
  id: string
}): string | undefined {
  const partition = findRegion(region)?.partition
  const arn = `arn:${partition}:kms:${region}:${account}:key/${id}`
  const parsed = parseKeyIdentifier(arn)
  return parsed.ok && parsed.key.kind === 'key-arn' && parsed.key.value === arn ? arn : undefined
}

/** Complete backups. Times ISO 8601 in UTC. */
export interface Amount {
  readonly backups: number
  /** Of their content. */
  readonly bytes: number
  readonly oldest: string | null
  readonly newest: string | null
}

/** What hangs on a key: its blast radius. `backups`, `bytes` and times are those of what its wraps open. */
export interface KeyHolding extends Amount {
  readonly arn: string
  /** Of `backups`, those that something else opens as well. */
  readonly otherWayIn: number
  /**
   * What nothing else opens: no other key of the backup is usable, and none of the console's root keys either. Counts
   * what hangs on it through the seal as well.
   */
  readonly lost: Amount
  /** Backups that are queued, running or waiting, and need it to end. */
  readonly underWay: number
  /** How the saved Backup Environment uses it: new backups are wrapped under every key that it names. */
  readonly environment: { readonly as: 'main' | 'further'; readonly revision: number } | null
  /** Schedules that make backups under it: all that are not paused, while the environment uses it. */
  readonly schedules: number
  readonly pausedSchedules: number
  /** Root keys of the console that it wraps as the seal's key; null for none. */
  readonly seal: SealHolding | null
  /** What was typed for it and is an alias; `inForce` in the newest revision. */
  readonly aliases: readonly { readonly name: string; readonly inForce: boolean }[]
  /** The newest revision that named it; null when none did. */
  readonly named: { readonly revision: number; readonly at: string } | null
}

export interface SealHolding {
  readonly rootKeys: number
  /** Of them, those that no other usable seal opens. */
  readonly onlyWayIn: number
  /** Secrets of this console under the root keys that only it opens. */
  readonly secrets: number
  /** Complete backups of method AES-256 under its root keys. */
  readonly through: Amount
}

export interface KeyRow extends KeyHolding {
  /** What the watch knows of it; null before its first check, and of keys that nothing needs. */
  readonly health: KeyStanding | null
}

/** Whether a key with this state opens anything. One in an outage does, later; one never tried did when it was saved. */
export function usableState(state: KeyState | undefined): boolean {
  return state === undefined || state === 'healthy' || state === 'degraded' || state === 'unreachable'
}

/** Something would be lost or stand still without it. */
export function isNeeded(key: KeyHolding): boolean {
  return isForBackups(key) || key.seal !== null
}

/** Backups need it, made or to be made. */
export function isForBackups({ backups, underWay, environment }: KeyHolding): boolean {
  return backups > 0 || underWay > 0 || environment !== null
}

/** The address bar of the list of keys. Anything unknown is ignored. */
export const keysQuerySchema = z.object({
  text: maybe(z.string().trim().min(1).max(2048)),
  state: maybe(z.enum([...keyStates, 'not needed'])),
  page: pageNumber,
})
export type KeysQuery = z.infer<typeof keysQuerySchema>

export interface KeysView {
  readonly rows: readonly KeyRow[]
  /** Of every key, whatever is asked for. */
  readonly total: number
  /** Of what is asked for. */
  readonly found: number
  readonly page: number
  readonly pages: number
}

/** The address bar of a key's page. */
export const keyQuerySchema = z.object({ before: maybe(z.uuid()) })
export type KeyQuery = z.infer<typeof keyQuerySchema>

/** A backup that a key opens. */
export interface KeyBackup {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly state: BackupState
  readonly waitingFor: WaitingFor | null
  readonly bytes: number | null
  readonly createdAt: string
  /** Its other ways in, and whether each opens it now. `arn` null: AES-256, by a root key of this console. */
  readonly others: readonly { readonly arn: string | null; readonly usable: boolean }[]
}

export interface KeyView {
  readonly key: KeyRow
  /** Newest first, one page of them. */
  readonly backups: readonly KeyBackup[]
  readonly nextBefore: string | null
  /** The first of those that make backups under it. */
  readonly schedules: readonly { readonly id: string; readonly name: string }[]
}

/** An answer of KMS, or why there is none. */
export type Answer<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string }

/** What KMS says of a key when it is asked. Times ISO 8601 in UTC. */
export interface KeyAnswers {
  readonly about: Answer<{
    readonly description: string
    readonly createdAt: string | null
    readonly multiRegion: boolean
    /** As AWS writes it: `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`. */
    readonly origin: string
  }>
  readonly rotation: Answer<{ readonly everyDays: number | null; readonly next: string | null }>
  /** By anybody, not only by this console. `at` null: not since `since`. */
  readonly lastUse: Answer<{ readonly operation: string; readonly at: string | null; readonly since: string | null }>
  /** Where each alias that was typed for it points now. */
  readonly aliases: readonly ({ readonly name: string } & Answer<{ readonly pointsTo: string }>)[]
}

export const checkKeySchema = z.object({
  arn: z.string().refine((arn) => keyPath(arn) !== '/keys', 'This is not a key ARN.'),
})

/** `note` says what was found, where that is not a state to be seen. */
export type CheckKeyResult = ActionResult<{ readonly note: string }>
