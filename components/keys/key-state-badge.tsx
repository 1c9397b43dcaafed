import { count } from '#components/ui/format-bytes.ts'
import type { KeyStanding, KeyState } from '#lib/key-health/schema.ts'
import { isNeeded, type KeyRow } from '#lib/key-holdings/schema.ts'
import { type StateWords, StateWordsBadge } from './state-words.tsx'

const words: Readonly<Record<KeyState, StateWords>> = {
  healthy: { tone: 'ok', text: 'Healthy' },
  degraded: { tone: 'warn', text: 'Degraded' },
  unreachable: { tone: 'warn', text: 'Unreachable' },
  refused: { tone: 'bad', text: 'Refused' },
  disabled: { tone: 'bad', text: 'Disabled' },
  'pending deletion': { tone: 'bad', text: 'Pending deletion' },
  deleted: { tone: 'bad', text: 'Deleted' },
}

export function KeyStateBadge({ health }: { health: Pick<KeyStanding, 'state' | 'daysLeft'> }) {
  return <StateWordsBadge words={wordsOf(health)} />
}

/** The same, and a word for a key that the watch has not tried yet, or does not watch. */
export function KeyStateNow({ row }: { row: KeyRow }) {
  return <StateWordsBadge words={stateWords(row)} />
}

export function stateWords(row: KeyRow): StateWords {
  const { health } = row
  if (!isNeeded(row)) return { tone: undefined, text: 'Not watched' }
  if (health === null || (health.checkedAt === null && health.decryptProvenAt === null))
    return { tone: 'idle', text: 'Not checked yet' }
  return wordsOf(health)
}

function wordsOf({ state, daysLeft }: Pick<KeyStanding, 'state' | 'daysLeft'>): StateWords {
  const { tone, text } = words[state]
  return { tone, text: daysLeft === null ? text : `${text}: ${count(daysLeft, 'day')} left` }
}
