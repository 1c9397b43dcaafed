import { useState } from 'react'
import { useFollowed } from '#components/ui/use-followed.ts'
import type { RewrapRow } from '#lib/rewrap/schema.ts'
import { hasEnded } from './rewrap-ended.ts'

const windowMs = 10_000

/** Follows a re-wrap to its end. */
export function useRewrap(initial: RewrapRow): {
  run: RewrapRow
  perSecond: number | undefined
  lastAnswer: number | undefined
} {
  const [seen, setSeen] = useState<readonly { at: number; done: number }[]>([])
  const { value: run, lastAnswer } = useFollowed({
    name: `rewrap:${initial.id}`,
    initial,
    hasEnded: ({ state }) => hasEnded(state),
    onAnswer({ state, done }) {
      const at = performance.now()
      setSeen((old) => (state === 'running' ? [...old.filter((one) => at - one.at <= windowMs), { at, done }] : []))
    },
  })
  const [from, to] = [seen[0], seen.at(-1)]
  const seconds = from && to ? (to.at - from.at) / 1000 : 0
  return { run, perSecond: from && to && seconds >= 1 ? (to.done - from.done) / seconds : undefined, lastAnswer }
}
