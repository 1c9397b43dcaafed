import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import type { Progress } from '#lib/backup/progress-schema.ts'
import type { BackupState } from '#lib/backup/schema.ts'
import { followInTurn } from './follow-in-turn.ts'
import { addSample, rateOf, ratesOf, type Sample } from './throughput.ts'

const ended: readonly BackupState[] = ['complete', 'failed', 'cancelled', 'deleting', 'shredding', 'shredded']

/** Follows a running backup or restore; when it ends, or cannot be followed, the page asks the server again. */
export function useProgress(
  url: string,
  initial: Progress,
): { progress: Progress; bytesPerSecond: number | undefined } {
  const router = useRouter()
  const [progress, setProgress] = useState(initial)
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const [first] = useState(initial.state)

  useEffect(() => {
    let known = first
    let polling: ReturnType<typeof setInterval> | undefined
    const stop = followInTurn(
      url,
      (data) => {
        const next: Progress | null = JSON.parse(data)
        if (!next) {
          // It is gone: deleted by somebody.
          router.refresh()
          return true
        }
        setProgress(next)
        setSamples((old) => addSample(old, { at: performance.now(), bytes: next.bytesDone }))
        // The rest of the page names the state too.
        if (next.state !== known) router.refresh()
        known = next.state
        return ended.includes(next.state)
      },
      () => {
        polling ??= setInterval(() => router.refresh(), 3000)
      },
    )
    return () => {
      stop()
      clearInterval(polling)
    }
  }, [url, router, first])

  return { progress, bytesPerSecond: rateOf(samples) ?? lastRate(progress.samples) }
}

/** After a reload, until ten seconds have been seen here. */
function lastRate(samples: readonly Sample[]): number | undefined {
  return ratesOf(samples.slice(-4)).at(-1)?.bytesPerSecond
}
