import { createHash } from 'node:crypto'

// Each event's hash is over the one before it and the event: what was changed, removed, added or moved in between shows
// at the first event that is not what was hashed. The trigger of the migration `audit_chain` writes them; here they are
// made once more, from what is read.

/** An event as it is hashed, and exported. Bigints as text. */
export interface ChainedEvent {
  /** 1, 2, 3 … without gaps, in the order of commits. */
  readonly number: string
  readonly id: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly actor: string
  readonly address: string | null
  readonly action: string
  readonly outcome: string
  readonly subject: string
  /** JSON, as PostgreSQL writes it. */
  readonly changes: string
}

/** A place in the chain. */
export interface ChainEnd {
  readonly number: bigint
  /** SHA-256, in hexadecimal. */
  readonly hash: string
}

export const chainStart: ChainEnd = { number: 0n, hash: '00'.repeat(32) }

/** As docs/audit.md has it. JSON.stringify writes a text as PostgreSQL’s jsonb does. */
export function hashAfter(before: string, event: ChainedEvent): string {
  const { number, id, at, actor, address, action, outcome, subject, changes } = event
  const texts = [at, actor, address, action, outcome, subject].map((value) => JSON.stringify(value))
  const text = `[${[number, id, ...texts, changes].join(', ')}]`
  return createHash('sha256').update(before, 'hex').update(text).digest('hex')
}
