export type KeyState =
  | 'healthy'
  | 'unreachable'
  | 'refused'
  | 'disabled'
  | 'pending deletion'
  | 'deleted'
  | 'not usable'

/** What KMS says of a key now. */
export interface KeyStateNow {
  readonly state: KeyState
  /** Until KMS deletes it, while it is pending deletion. */
  readonly daysLeft: number | null
}

/** What hangs on a key. Sizes in bytes, times ISO 8601 in UTC. */
export interface KeyHolding {
  readonly arn: string
  /** Complete backups that it opens. */
  readonly backups: number
  /** Of their content. */
  readonly bytes: number
  /** Of them, those that no other key opens. */
  readonly onlyWayIn: number
  readonly oldest: string | null
  readonly newest: string | null
  /** The saved Backup Environment wraps new backups under it. */
  readonly inUse: boolean
}
