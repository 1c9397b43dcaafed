'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

const everyMs = 1_500

interface Props {
  /** Not before then: ISO 8601. */
  from?: string
}

/** In the page while something on it is under way: what it shows is asked for again and again. */
export function RefreshWhile({ from }: Props) {
  const router = useRouter()
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState !== 'visible' || (from && Date.parse(from) > Date.now())) return
      router.refresh()
    }, everyMs)
    return () => clearInterval(timer)
  }, [router, from])
  return null
}
