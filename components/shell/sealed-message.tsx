'use client'

import { useEffect } from 'react'
import { exactTime } from '#components/ui/format-time.ts'
import { MessagePage } from '#components/ui/message-page.tsx'
import { Time } from '#components/ui/time.tsx'

/** Asks again by itself: as soon as the console is open, the page that was wanted is there. */
export function SealedMessage({ since, nextTryAt }: { since: string | undefined; nextTryAt: string | undefined }) {
  useEffect(() => {
    const timer = setInterval(async () => {
      const answer = await fetch('/api/health', { cache: 'no-store' }).catch(() => undefined)
      if (answer && (await answer.json()).status !== 'sealed') window.location.reload()
    }, 3_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <MessagePage title="This console is sealed">
      {since && nextTryAt ? (
        <p>
          Since <Time iso={since} />. It tries again at {exactTime(nextTryAt)}, and opens by itself.
        </p>
      ) : (
        <p>It has just opened.</p>
      )}
      <p>
        Whoever runs it finds the reason on its host with <code>byok seal status</code>, and in its log.
      </p>
    </MessagePage>
  )
}
