'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

const everyMs = 1_500

/** In the page while something on it is under way: what it shows is asked for again and again. */
export function RefreshWhile() {
  const router = useRouter()
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') router.refresh()
    }, everyMs)
    return () => clearInterval(timer)
  }, [router])
  return null
}
