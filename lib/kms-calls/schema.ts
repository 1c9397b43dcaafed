/** What KMS is called for. */
export const kmsPurposes = [
  'health',
  'backup',
  'restore',
  'verify',
  'browse',
  're-wrap',
  'proof',
  'check',
  'seal',
  'other',
] as const
export type KmsPurpose = (typeof kmsPurposes)[number]

/** Requests that KMS answered, whatever it answered. */
export interface CallCounts {
  readonly encrypt: number
  readonly decrypt: number
  readonly describe: number
  readonly other: number
  readonly total: number
}

export interface KeyCallsView {
  /** How many UTC days it covers, today included. */
  readonly days: number
  readonly byPurpose: readonly (CallCounts & { readonly purpose: KmsPurpose })[]
  /** Oldest first, days without a call left out. `day`: 2026-11-22 */
  readonly byDay: readonly { readonly day: string; readonly total: number; readonly health: number }[]
  readonly total: number
  /** US dollars by AWS's list price: an estimate, without the free tier and without other users of the key. */
  readonly cost: {
    /** Of the requests counted. */
    readonly requests: number
    /** Of the key itself, for a month. */
    readonly keyPerMonth: number
    /** Of the requests, were a month like these days. */
    readonly requestsPerMonth: number
  }
}
