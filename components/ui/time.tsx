'use client'
import { useEffect, useState } from 'react'
import { exactTime, relativeTime } from './format-time.ts'

/** Relative, with the exact UTC on hover; a page that stays open keeps it true. */
export function Time({ iso }: { iso: string }) {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 30_000)
    return () => clearInterval(timer)
  }, [])
  // The server's clock and the browser's may differ by a minute's border.
  return (
    <time dateTime={iso} title={exactTime(iso)} className="whitespace-nowrap" suppressHydrationWarning>
      {relativeTime(iso, now)}
    </time>
  )
}
