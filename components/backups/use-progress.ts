import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import type { BackupState, Progress } from '#lib/backup/schema.ts'
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
    const source = new EventSource(url)
    let known = first
    let polling: ReturnType<typeof setInterval> | undefined
    source.onmessage = (event: MessageEvent<string>) => {
      const next: Progress | null = JSON.parse(event.data)
      if (!next) {
        // It is gone: deleted by somebody.
        source.close()
        router.refresh()
        return
      }
      setProgress(next)
      setSamples((old) => addSample(old, { at: performance.now(), bytes: next.bytesDone }))
      // The rest of the page names the state too.
      if (next.state !== known) router.refresh()
      known = next.state
      if (ended.includes(next.state)) source.close()
    }
    source.onerror = () => {
      // A lost connection is made again by the browser; an answer that is no stream is not.
      if (source.readyState === EventSource.CLOSED) polling ??= setInterval(() => router.refresh(), 3000)
    }
    return () => {
      source.close()
      clearInterval(polling)
    }
  }, [url, router, first])

  return { progress, bytesPerSecond: rateOf(samples) ?? lastRate(progress.samples) }
}

/** After a reload, until ten seconds have been seen here. */
function lastRate(samples: readonly Sample[]): number | undefined {
  return ratesOf(samples.slice(-4)).at(-1)?.bytesPerSecond
}
