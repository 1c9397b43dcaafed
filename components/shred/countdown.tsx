'use client'
import { useEffect, useState } from 'react'
import { exactTime, formatDuration } from '#components/ui/format-time.ts'

/** `in 2 d 23 h`, with the exact UTC on hover; a page that stays open keeps it true. */
export function Countdown({ until }: { until: string }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  const left = Date.parse(until) - now
  // The server's clock and the browser's may differ by a second's border.
  return (
    <time dateTime={until} title={exactTime(until)} className="whitespace-nowrap" suppressHydrationWarning>
      {left > 999 ? `in ${formatDuration(left)}` : 'now'}
    </time>
  )
}
