import { useEffect, useEffectEvent, useState } from 'react'

const everyMs = 3_000
const patienceMs = 10_000

/**
 * For a page that could not be made: tries again as soon as the console, having been ill, is well. One that is well all
 * along would only fail in the same way.
 * @returns what is not there now, in words
 */
export function useRecovery(retry: () => void): string | undefined {
  const [missing, setMissing] = useState<string>()
  const again = useEffectEvent(retry)
  useEffect(() => {
    let wasIll = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const left = new AbortController()
    const look = async () => {
      const signal = AbortSignal.any([left.signal, AbortSignal.timeout(patienceMs)])
      const answer = await fetch('/api/health', { cache: 'no-store', signal }).catch(() => undefined)
      const health: { status?: string; part?: string } | undefined = await answer?.json().catch(() => undefined)
      if (left.signal.aborted) return
      timer = setTimeout(look, everyMs)
      if (health?.status === 'ok' || health?.status === 'degraded') {
        setMissing(undefined)
        if (wasIll) again()
        wasIll = false
        return
      }
      wasIll = true
      setMissing(health === undefined ? 'The console does not answer.' : (words[health.part ?? ''] ?? 'It is sealed.'))
    }
    void look()
    return () => {
      left.abort()
      clearTimeout(timer)
    }
  }, [])
  return missing
}

const words: Readonly<Record<string, string>> = {
  database: 'Its database does not answer.',
  'database disk': 'The disk of its database is full.',
  worker: 'None of its workers is running.',
  sandbox: 'Its sandbox does not answer.',
}
