// What the Sandbox page and the command see of a sandbox. Plain types, for the browser too.

export const faultServices = ['kms', 'sts', 's3', '*'] as const

export const faultEffects = [
  'AccessDenied',
  'Throttle',
  'InternalError',
  'Outage',
  'Reset',
  'Truncate',
  'CorruptBody',
  'Latency',
] as const
export type FaultEffect = (typeof faultEffects)[number]

export interface Fault {
  /** `kms`, `sts`, `s3` or `*` */
  service: string
  /** `Decrypt`, `PutObject`, … or `*` */
  operation: string
  /** Key ID, key ARN, alias name or alias ARN. */
  keyId?: string
  bucket?: string
  effect: FaultEffect
  latencyMs?: number
  /** How many calls it hits; every one when absent. */
  times?: number
  /** 0 to 1; always when absent. */
  probability?: number
  /** Makes `probability` repeatable. */
  seed?: number
}

export interface LoggedCall {
  /** ISO 8601 */
  time: string
  service: string
  operation: string
  status: number
  /** The error code when it was refused. */
  code?: string
  /** Key ARN or bucket. */
  resource?: string
}

export const rehearsalKinds = [
  'key-disabled',
  'key-pending-deletion',
  'without-describe-key',
  'without-encrypt',
  'without-decrypt',
  'kms-throttled',
  'kms-down',
  'bucket-gone',
  'slow-network',
] as const
export type RehearsalKind = (typeof rehearsalKinds)[number]

/** One thing broken on purpose. */
export interface Rehearsal {
  kind: RehearsalKind
  /** The key it is about, where it is about one. */
  keyArn?: string
  /** The bucket it is about, where it is about one. */
  bucket?: string
}

export interface ActiveRehearsal extends Rehearsal {
  /** ISO 8601, by the real clock. */
  since: string
}

/** Everything that the Sandbox page lists. No secret in it. */
export interface SandboxView {
  endpoint: string
  /** Usable ones first. */
  keys: {
    arn: string
    /** 12 digits */
    account: string
    region: string
    aliases: string[]
    state: string
    usable: boolean
    about: string
  }[]
  buckets: {
    name: string
    region: string
    /** Versions, delete markers among them. */
    objects: number
    /** Bytes of every version. */
    bytes: number
  }[]
  /** Bytes of all objects and parts, and how many there may be. */
  bytes: number
  capacity: number
  /** Newest first, at most 200. */
  calls: LoggedCall[]
  /** What `PUT /_sandbox/faults` set; the faults of a rehearsal are not among them. */
  faults: Fault[]
  rehearsal: ActiveRehearsal | null
}
