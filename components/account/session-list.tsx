'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Time } from '#components/ui/time.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { EndSessionsInput, OwnSession, UserResult } from '#lib/auth/schema.ts'
import { browserWords } from './browser-words.ts'

interface Props {
  sessions: readonly OwnSession[]
  end: (input: EndSessionsInput) => Promise<UserResult>
}

export function SessionList({ sessions, end }: Props) {
  const router = useRouter()
  const [answer, setAnswer] = useState<{ of: string | 'all'; result: UserResult }>()
  /** Which one is being ended; `all` of the others. */
  const [ending, setEnding] = useState<string>()
  const [busy, startTransition] = useTransition()
  const ended = useRef<HTMLParagraphElement>(null)
  // The button that was pressed goes with its row. What gets the focus is read: no live region besides.
  useEffect(() => {
    if (answer?.result.status === 'success') ended.current?.focus()
  }, [answer])
  const others = sessions.filter(({ current }) => !current)

  function run(which: string | 'all') {
    setEnding(which)
    startTransition(async () => {
      const result = await end(which === 'all' ? {} : { id: which }).catch(() => unanswered())
      setAnswer({ of: which, result })
      router.refresh()
    })
  }
  const busyWith = (which: string) => (busy && ending === which ? 'Ending…' : undefined)

  return (
    <Card
      title="Sessions"
      hint="Where you are signed in. Each ends twelve hours after its last use, and seven days after it began."
    >
      <ul aria-label="Sessions" className="divide-y divide-line border-y border-line">
        {sessions.map(({ id, current, createdAt, lastUsedAt, userAgent, address }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
            <div className="min-w-0 flex-1">
              <p className="flex flex-wrap items-center gap-2 font-medium">
                {browserWords(userAgent)}
                {current && <Badge tone="ok">This one</Badge>}
              </p>
              <p id={`session-${id}`} className="text-sm wrap-anywhere text-ink-3">
                Signed in <Time iso={createdAt} />
                {address && ` from ${address}`}
                {!current && (
                  <>
                    , last used <Time iso={lastUsedAt} />
                  </>
                )}
              </p>
            </div>
            {!current && (
              <Button
                size="small"
                onClick={() => run(id)}
                busy={busyWith(id)}
                // Several may be of one browser.
                aria-describedby={`session-${id}`}
              >
                End
                <span className="sr-only"> the session of {browserWords(userAgent)}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {others.length > 1 && (
        <div className="mt-4">
          <Button onClick={() => run('all')} busy={busyWith('all')}>
            End all others
          </Button>
        </div>
      )}
      <div className="mt-3 empty:hidden">
        {answer?.result.status === 'error' && <Alert>{answer.result.message}</Alert>}
      </div>
      <p ref={ended} tabIndex={-1} className="mt-3 text-ok outline-none empty:hidden">
        {/* By what was pressed: the list is still the one from before when this is read. */}
        {answer?.result.status === 'success' &&
          (answer.of === 'all' ? 'All other sessions have ended.' : 'The session has ended.')}
      </p>
    </Card>
  )
}
