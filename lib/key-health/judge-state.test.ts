import { describe, expect, test } from 'vitest'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { type Finding, judgeState, remember } from './judge-state.ts'
import type { KeyState } from './schema.ts'

/** The states that a key goes through, one for each change. */
function walk(findings: readonly Finding[], from: KeyState = 'healthy'): KeyState[] {
  let state = from
  let recent = ''
  const states: KeyState[] = []
  for (const found of findings) {
    recent = remember(recent, found)
    const next = judgeState(state, recent)
    if (next !== state) states.push(next)
    state = next
  }
  return states
}
const findings = (text: string) => [...text].filter((one) => one !== ' ') as Finding[]

describe('a key’s state', () => {
  test.each([
    ['one outage is none', 'ggguggg', []],
    ['two in a row are none', 'gguuggguugg', []],
    ['an outage, and its end', 'ggguuu ggg', ['unreachable', 'healthy']],
    ['an end that is not one yet', 'ggguuu gg', ['unreachable']],
    ['a refusal that stays', 'gggrrr', ['refused']],
    ['a refusal that is over at once: IAM takes its time', 'gggrrggg', []],
    ['throttled', 'gdgdd', ['degraded']],
    ['throttled, and then gone', 'gddd uuu', ['degraded', 'unreachable']],
    ['gone, and back but slow', 'uuu ddd', ['unreachable', 'degraded']],
    ['KMS’s own word counts at once', 'go', ['disabled']],
    ['pending deletion, cancelled, enabled', 'gpp o gg', ['pending deletion', 'disabled', 'healthy']],
    ['its deletion is cancelled, and it works', 'gp g', ['pending deletion', 'healthy']],
    ['pending deletion until it is gone', 'gppn', ['pending deletion', 'deleted']],
    ['an outage does not undo a deletion', 'gp uuuu', ['pending deletion']],
    ['nor does a refusal hide it', 'gp rrrr', ['pending deletion']],
    ['refused while it cannot be reached', 'uuu rrr', ['unreachable', 'refused']],
  ] as const)('%s', (_, text, states) => {
    expect(walk(findings(text))).toEqual(states)
  })

  test('answering every other time it does not flap', () => {
    const counts: number[] = []
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = seededRandom(seed)
      for (const bad of ['u', 'r', 'd', 'n'] as const) {
        const states = walk(Array.from({ length: 1_000 }, () => (random() < 0.5 ? bad : 'g')))
        // It is told that something is wrong, and it is never quite well in between for long.
        expect(states.length, `seed ${seed}, ${bad}`).toBeGreaterThan(0)
        expect(states.length, `seed ${seed}, ${bad}: ${states}`).toBeLessThanOrEqual(6)
        expect(states.filter((state) => state === 'healthy').length, `seed ${seed}, ${bad}`).toBeLessThanOrEqual(2)
        counts.push(states.length)
      }
    }
    // Mostly it changes once.
    expect(counts.toSorted((one, other) => one - other)[counts.length / 2]).toBeLessThanOrEqual(1)
  })

  test('after flapping, staying well is well', () => {
    const random = seededRandom(7)
    const rough: Finding[] = Array.from({ length: 500 }, () => (random() < 0.5 ? 'u' : 'g'))
    expect(walk([...rough, ...findings('g'.repeat(30))]).at(-1)).toBe('healthy')
  })
})
