import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { followInTurn } from '#components/backups/follow-in-turn.ts'
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
    let known = first
    let polling: ReturnType<typeof setInterval> | undefined
    const stop = followInTurn(
      `/api/rewraps/${id}/progress`,
      (data) => {
        const next: RewrapRow | null = JSON.parse(data)
        if (!next) {
          router.refresh()
          return true
        }
        const at = performance.now()
        setRun(next)
        setSeen((old) =>
          next.state === 'running' ? [...old.filter((one) => at - one.at <= windowMs), { at, done: next.done }] : [],
        )
        if (next.state !== known) router.refresh()
        known = next.state
        return hasEnded(next.state)
      },
      () => {
        polling ??= setInterval(() => router.refresh(), 3000)
      },
    )
    return () => {
      stop()
      clearInterval(polling)
    }
  }, [id, router, first])

  const [from, to] = [seen[0], seen.at(-1)]
  const seconds = from && to ? (to.at - from.at) / 1000 : 0
  return { run, perSecond: from && to && seconds >= 1 ? (to.done - from.done) / seconds : undefined }
}
