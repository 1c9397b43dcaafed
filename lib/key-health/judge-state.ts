import { isNamedByKms, type KeyState } from './schema.ts'

/** What one check found, as a letter: the row of a key holds the newest of them as one text. */
export type Finding =
  /** good */
  | 'g'
  /** throttled, slow, or only some calls were answered */
  | 'd'
  /** nobody answered */
  | 'u'
  /** refused */
  | 'r'
  /** what KMS itself says of the key: disabled, pending deletion, not there */
  | 'o'
  | 'p'
  | 'n'

const mostRemembered = 30

/** States that one finding is enough for. */
const believedAtOnce: Partial<Record<string, KeyState>> = { o: 'disabled', p: 'pending deletion', n: 'deleted' }
/** States that take several findings in a row; so does degraded, by rules of its own. */
const afterSeveral: Partial<Record<string, KeyState>> = { u: 'unreachable', r: 'refused' }

/** Whether KMS itself said what is wrong with the key. */
export const isWordOfKms = (found: Finding): boolean => found in believedAtOnce

export const remember = (recent: string, found: Finding): string => (recent + found).slice(-mostRemembered)

/**
 * A key's state after one more finding. What KMS says of the key itself is believed at once, and so is that it works
 * again after that. Everything else may pass by itself, so it counts only after several findings in a row: three, and
 * more the more often the findings changed between good and bad. So a key that answers every other time becomes degraded,
 * and stays so.
 * @param recent the findings so far, the newest last
 */
export function judgeState(state: KeyState, recent: string): KeyState {
  const last = recent.at(-1) ?? 'g'
  const said = believedAtOnce[last]
  if (said) return said
  const known = isNamedByKms(state)
  const needed = (known ? (state === 'deleted' ? 2 : 1) : 3) + 2 * Math.max(0, turns(recent) - 2)
  if (last === 'g')
    return run(recent, 'g') >= needed ? 'healthy' : state === 'healthy' ? state : better(state, recent, needed)
  // An outage does not undo what KMS has said; a policy does not either, because it hides what it was.
  if (known && last !== 'd') return state
  if (last !== 'd' && run(recent, last) >= needed) return afterSeveral[last] ?? state
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
