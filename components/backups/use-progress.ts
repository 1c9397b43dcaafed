import { useState } from 'react'
import { useFollowed } from '#components/ui/use-followed.ts'
import type { Progress } from '#lib/backup/progress-schema.ts'
import type { BackupState } from '#lib/backup/schema.ts'
import { type Course, follow, ownWork, rateOf, timeLeft } from '#lib/jobs/time-left-schema.ts'

const ended: readonly BackupState[] = ['complete', 'failed', 'cancelled', 'deleting', 'shredding', 'shredded']

/** Follows a running backup, restore or verification. Rate and time left (milliseconds) are undefined until they can be told. */
export function useProgress(
  name: string,
  initial: Progress,
): {
  progress: Progress
  bytesPerSecond: number | undefined
  left: number | undefined
  lastAnswer: number | undefined
} {
  const [seen, setSeen] = useState<Course>()
  const { value: progress, lastAnswer } = useFollowed({
    name,
    initial,
    hasEnded: ({ state }) => ended.includes(state),
    onAnswer: (now) =>
      setSeen((old) => follow(old, { at: performance.now(), done: ownWork(now).done }, now.state === 'running')),
  })
  const isRunning = progress.state === 'running'
  const course = isRunning && rateOf(seen) === undefined ? stored(progress) : seen
  return { progress, bytesPerSecond: rateOf(course), left: timeLeft(course, ownWork(progress).total), lastAnswer }
}

/** After a reload, until a second has been seen here. */
function stored({ samples }: Progress): Course | undefined {
  const [first] = samples
  const seen = samples.slice(-2).map(({ at, bytes: done }) => ({ at, done }))
  return first && { since: first.at, seen }
}
