'use client'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { StartResult, StartVerificationInput, VerifyDepth } from '#lib/backup/schema.ts'

interface Props {
  backupId: string
  /** One is under way. */
  running: boolean
  start: (input: StartVerificationInput) => Promise<StartResult>
}

export function VerifyButtons({ backupId, running, start }: Props) {
  const router = useRouter()
  const [message, setMessage] = useState<string>()
  const [pending, startTransition] = useTransition()
  const verify = (depth: VerifyDepth) =>
    startTransition(async () => {
      const result = await start({ backupId, depth }).catch(() => unanswered('Reload the page to see more.'))
      setMessage(result.status === 'error' ? result.message : undefined)
      router.refresh()
    })
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2.5">
        <Button onClick={() => verify('quick')} held={running || pending}>
          Verify quickly
        </Button>
        <Button onClick={() => verify('full')} held={running || pending}>
          Verify fully
        </Button>
      </div>
      <Alert>{message}</Alert>
    </div>
  )
}
