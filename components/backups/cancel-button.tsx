'use client'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Button } from '#components/ui/button.tsx'
import { PassFocusOn } from '#components/ui/pass-focus-on.tsx'
import { unansweredTryAgain } from '#components/ui/unanswered.ts'
import type { ChangeResult } from '#lib/backup/schema.ts'

interface Props {
  id: string
  /** What it is, for a screen reader: several may be under way. */
  what: string
  /** The ID of what stands there once it is cancelled, for the focus. */
  then: string
  cancel: (input: { id: string }) => Promise<ChangeResult>
}

/** Asks nothing: the source is still there, and what was stored so far is worth nothing alone. */
export function CancelButton({ id, what, then, cancel }: Props) {
  const router = useRouter()
  const [message, setMessage] = useState<string>()
  const [asked, setAsked] = useState(false)
  const [pending, startTransition] = useTransition()
  return (
    <PassFocusOn to={then} className="flex flex-wrap items-center justify-end gap-2.5">
      {message && (
        <p role="alert" className="text-sm text-bad wrap-anywhere">
          {message}
        </p>
      )}
      <Button
        size="small"
        busy={pending || asked ? 'Cancelling…' : undefined}
        onClick={() =>
          startTransition(async () => {
            const result = await cancel({ id }).catch(() => unansweredTryAgain())
            setMessage(result.status === 'error' ? result.message : undefined)
            setAsked(result.status === 'success')
            router.refresh()
          })
        }
      >
        Cancel<span className="sr-only"> {what}</span>
      </Button>
    </PassFocusOn>
  )
}
