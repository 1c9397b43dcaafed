import type { Changer, Remedy } from '#lib/aws/schema.ts'

/** What is known of a key, from well to worst. */
export const keyStates = [
  'healthy',
  /** Throttled, slow, or answering only now and then. */
  'degraded',
  /** An outage: nothing is known to be wrong with the key. */
  'unreachable',
  /** A policy or the credentials. */
  'refused',
  /** Also without material, or in a key store that is disconnected: its diagnosis says which. */
  'disabled',
  'pending deletion',
  'deleted',
] as const
export type KeyState = (typeof keyStates)[number]

/** Above 0: for the worse. */
export const graver = (state: KeyState, than: KeyState): number => keyStates.indexOf(state) - keyStates.indexOf(than)

/** Whether KMS itself says so of the key. Everything else may lie on the way to it: the line, a policy, credentials. */
export const isNamedByKms = (state: KeyState): boolean =>
  state === 'disabled' || state === 'pending deletion' || state === 'deleted'

/** Why a key is not healthy: what happened, why, who changes it, and how. */
export interface KeyDiagnosis {
  readonly title: string
  readonly detail: string
  readonly cause: string
  readonly who?: Changer | undefined
  readonly fix: string
  readonly remedies?: Remedy[] | undefined
}

/** How a key stands, as the watch knows it without asking KMS. Times ISO 8601, UTC. */
export interface KeyStanding {
  readonly arn: string
  readonly state: KeyState
  readonly since: string
  /** Null: it was never tried by the watch, only seen by somebody's check. */
  readonly checkedAt: string | null
  readonly nextCheckAt: string
  /** Of the slowest call of the last check. */
  readonly tookMs: number | null
  /** Encrypt and Decrypt by a backup, restore or re-wrap, which are as good as a check. */
  readonly encryptProvenAt: string | null
  readonly decryptProvenAt: string | null
  /** While it is pending deletion, if KMS told. */
  readonly deletionDate: string | null
  readonly daysLeft: number | null
}

/** The same, and what is wrong with it: some KiB, with policies to paste. */
export interface KeyHealth extends KeyStanding {
  /** Null while healthy. */
  readonly diagnosis: KeyDiagnosis | null
}

/** What needs a key. Sizes in bytes of content. */
export interface KeyDependents {
  /** Complete backups that it opens, and those being made. */
  readonly backups: number
  readonly bytes: number
  /** Of them, those that no other key opens; a key that is itself pending deletion or deleted opens nothing. */
  readonly onlyWayIn: number
  readonly onlyWayInBytes: number
  /** Enabled schedules whose backups are wrapped under it. */
  readonly schedules: number
  /** The saved Backup Environment wraps new backups under it. */
  readonly inUse: boolean
  /** What only it opens as the key of the console's own seal; null where it opens nothing alone. */
  readonly seal: {
    /** Secrets of the console. */
    readonly secrets: number
    /** Complete backups of method AES-256 under its root keys; those that nothing else opens are in `onlyWayIn`, too. */
    readonly backups: number
  } | null
}

/** One hour of the watch. */
export interface HealthHour {
  /** ISO 8601, its beginning. */
  readonly hour: string
  readonly worst: KeyState
  readonly checks: number
  /** Checks that found something. */
  readonly failures: number
  /** Checks that real use made unnecessary. */
  readonly skipped: number
  /** The slowest call. */
  readonly slowestMs: number
}

/** A change of state. */
export interface KeyEventRow {
  readonly id: string
  readonly arn: string
  readonly at: string
  readonly from: KeyState
  readonly to: KeyState
  readonly diagnosis: KeyDiagnosis | null
  readonly dependents: KeyDependents
}

export const healthDays = 30

/** How often a key is tried. Milliseconds. */
export interface HealthTimes {
  readonly everyMs: number
  readonly unhealthyEveryMs: number
}

export interface KeyHealthView {
  /** Null: nothing depends on it, or its first check is still to come. */
  readonly now: KeyHealth | null
  /** Of the last 30 days, oldest first; hours without a check are not there. */
  readonly hours: readonly HealthHour[]
  /** The last 50, newest first. */
  readonly events: readonly KeyEventRow[]
  /** When this was read. */
  readonly at: string
}

/** A key that is pending deletion while something needs it. */
export interface Countdown {
  readonly arn: string
  readonly deletionDate: string | null
  readonly daysLeft: number | null
  readonly dependents: KeyDependents
  /** Ready to paste. */
  readonly cancelCommand: string
  /** What whoever runs it must be allowed. */
  readonly cancelPolicy: string
}
