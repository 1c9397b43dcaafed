import { useState } from 'react'
import { useFollowed } from '#components/ui/use-followed.ts'
import { type Course, follow, rateOf, timeLeft } from '#lib/jobs/time-left-schema.ts'
import type { RewrapRow } from '#lib/rewrap/schema.ts'
import { hasEnded } from './rewrap-ended.ts'

/** Follows a re-wrap to its end. */
export function useRewrap(initial: RewrapRow): {
  run: RewrapRow
  perSecond: number | undefined
  /** Milliseconds. */
  left: number | undefined
  lastAnswer: number | undefined
} {
  const [course, setCourse] = useState<Course>()
  const { value: run, lastAnswer } = useFollowed({
    name: `rewrap:${initial.id}`,
    initial,
    hasEnded: ({ state }) => hasEnded(state),
    onAnswer: ({ state, done }) =>
      setCourse((old) => follow(old, { at: performance.now(), done }, state === 'running')),
  })
  return { run, perSecond: rateOf(course), left: timeLeft(course, run.total), lastAnswer }
}
