'use client'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { StartResult } from '#lib/backup/schema.ts'

interface Props {
  id: string
  again: (input: { id: string }) => Promise<StartResult>
}

/** Starts anew what failed or was cancelled, and goes to it. */
export function AgainButton({ id, again }: Props) {
  const router = useRouter()
  const [refusal, setRefusal] = useState<string>()
  const [pending, startTransition] = useTransition()
  return (
    <div className="flex max-w-96 flex-col items-end gap-2.5 max-md:items-start">
      <Button
        variant="primary"
        size="small"
        busy={pending ? 'Starting…' : undefined}
        onClick={() =>
          startTransition(async () => {
            const result = await again({ id }).catch(() => unanswered('Look in Backups whether it started.'))
            if (result.status === 'error') return setRefusal(result.message)
            setRefusal(undefined)
            router.push(`/backups/${result.id}`)
          })
        }
      >
        Back up again
      </Button>
      <Alert>{refusal}</Alert>
    </div>
  )
}
