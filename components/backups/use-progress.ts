import { useState } from 'react'
import { useFollowed } from '#components/ui/use-followed.ts'
import type { Progress } from '#lib/backup/progress-schema.ts'
import type { BackupState } from '#lib/backup/schema.ts'
import { addSample, rateOf, ratesOf, type Sample } from './throughput.ts'

const ended: readonly BackupState[] = ['complete', 'failed', 'cancelled', 'deleting', 'shredding', 'shredded']

/** Follows a running backup, restore or verification. */
export function useProgress(
  name: string,
  initial: Progress,
): { progress: Progress; bytesPerSecond: number | undefined; lastAnswer: number | undefined } {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const { value: progress, lastAnswer } = useFollowed({
    name,
    initial,
    hasEnded: ({ state }) => ended.includes(state),
    onAnswer: ({ bytesDone }) => setSamples((old) => addSample(old, { at: performance.now(), bytes: bytesDone })),
  })
  return { progress, bytesPerSecond: rateOf(samples) ?? lastRate(progress.samples), lastAnswer }
}

/** After a reload, until ten seconds have been seen here. */
function lastRate(samples: readonly Sample[]): number | undefined {
  return ratesOf(samples.slice(-4)).at(-1)?.bytesPerSecond
}
