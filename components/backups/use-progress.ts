import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import type { Progress } from '#lib/backup/schema.ts'
import { addSample, rateOf, type Sample } from './throughput.ts'

/** Follows a running backup or restore; when it ends, or cannot be followed, the page asks the server again. */
export function useProgress(
  url: string,
  initial: Progress,
): { progress: Progress; bytesPerSecond: number | undefined } {
  const router = useRouter()
  const [progress, setProgress] = useState(initial)
  const [samples, setSamples] = useState<readonly Sample[]>([])

  useEffect(() => {
    const source = new EventSource(url)
    let polling: ReturnType<typeof setInterval> | undefined
    source.onmessage = (event: MessageEvent<string>) => {
      const next: Progress = JSON.parse(event.data)
      setProgress(next)
      setSamples((old) => addSample(old, { at: performance.now(), bytes: next.bytesDone }))
      if (next.state === 'complete' || next.state === 'failed') {
        source.close()
        router.refresh()
      }
    }
    source.onerror = () => {
      // A lost connection is made again by the browser; an answer that is no stream is not.
      if (source.readyState === EventSource.CLOSED) polling ??= setInterval(() => router.refresh(), 3000)
    }
    return () => {
      source.close()
      clearInterval(polling)
    }
  }, [url, router])

  return { progress, bytesPerSecond: rateOf(samples) }
}
