import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import type { RewrapRow } from '#lib/rewrap/schema.ts'
import { hasEnded } from './rewrap-ended.ts'

const windowMs = 10_000

/** Follows a re-wrap to its end. When its state changes, the page asks the server again. */
export function useRewrap(initial: RewrapRow): { run: RewrapRow; perSecond: number | undefined } {
  const router = useRouter()
  const [run, setRun] = useState(initial)
  const [seen, setSeen] = useState<readonly { at: number; done: number }[]>([])
  const [{ id, state: first }] = useState(initial)

  useEffect(() => {
    if (hasEnded(first)) return
    const source = new EventSource(`/api/rewraps/${id}/progress`)
    let known = first
    let polling: ReturnType<typeof setInterval> | undefined
    source.onmessage = (event: MessageEvent<string>) => {
      const next: RewrapRow | null = JSON.parse(event.data)
      if (!next) {
        source.close()
        router.refresh()
        return
      }
      const at = performance.now()
      setRun(next)
      setSeen((old) =>
        next.state === 'running' ? [...old.filter((one) => at - one.at <= windowMs), { at, done: next.done }] : [],
      )
      if (next.state !== known) router.refresh()
      known = next.state
      if (hasEnded(next.state)) source.close()
    }
    source.onerror = () => {
      // A lost connection is made again by the browser; an answer that is no stream is not.
      if (source.readyState === EventSource.CLOSED) polling ??= setInterval(() => router.refresh(), 3000)
    }
    return () => {
      source.close()
      clearInterval(polling)
    }
  }, [id, router, first])

  const [from, to] = [seen[0], seen.at(-1)]
  const seconds = from && to ? (to.at - from.at) / 1000 : 0
  return { run, perSecond: from && to && seconds >= 1 ? (to.done - from.done) / seconds : undefined }
}
