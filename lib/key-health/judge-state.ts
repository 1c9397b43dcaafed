import type { KeyState } from './schema.ts'

/** What one check found, as a letter. */
export type Finding =
  /** good */
  | 'g'
  /** throttled, slow, or only some calls were answered */
  | 'd'
  /** nobody answered */
  | 'u'
  /** refused */
  | 'r'
  /** KMS's own word: off, pending deletion, not there */
  | 'o'
  | 'p'
  | 'n'

/** So many findings are remembered. */
const remembered = 30

const plainWords: Partial<Record<string, KeyState>> = { o: 'disabled', p: 'pending deletion', n: 'deleted' }
const passing: Partial<Record<string, KeyState>> = { g: 'healthy', d: 'degraded', u: 'unreachable', r: 'refused' }

export const remember = (recent: string, found: Finding): string => (recent + found).slice(-remembered)

/**
 * A key's state after one more finding. What KMS says of the key itself is believed at once, and so is that it works
 * again. Everything else may pass by itself and must come several times in a row, and the more often the more it went to and fro: a key that answers
 * every other time is degraded, and stays so.
 * @param recent the findings so far, the newest last
 */
export function judgeState(state: KeyState, recent: string): KeyState {
  const last = recent.at(-1) ?? 'g'
  const plain = plainWords[last]
  if (plain) return plain
  const known = Object.values(plainWords).includes(state)
  const needed = (known ? (state === 'deleted' ? 2 : 1) : 3) + 2 * Math.max(0, turns(recent) - 2)
  if (last === 'g')
    return run(recent, 'g') >= needed ? 'healthy' : state === 'healthy' ? state : better(state, recent, needed)
  // An outage does not undo what KMS has said; a policy does not either, because it hides what it was.
  if (known && last !== 'd') return state
  if (last !== 'd' && run(recent, last) >= needed) return passing[last] ?? state
  if (state === 'healthy') return [...recent.slice(-5)].filter((one) => one !== 'g').length >= 3 ? 'degraded' : state
  return better(state, recent, needed)
}

/** It answers again, if not always well. */
function better(state: KeyState, recent: string, needed: number): KeyState {
  return state !== 'degraded' && run(recent, 'gd') >= needed ? 'degraded' : state
}

/** How many of the newest findings are of these. */
function run(recent: string, of: string): number {
  let length = 0
  while (length < recent.length && of.includes(recent.charAt(recent.length - 1 - length))) length += 1
  return length
}

/** How often it went from good to bad or back. */
function turns(recent: string): number {
  return recent.match(/(?<=g)[^g]|(?<=[^g])g/g)?.length ?? 0
}
