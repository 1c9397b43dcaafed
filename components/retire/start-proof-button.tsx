'use client'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { unansweredTryAgain } from '#components/ui/unanswered.ts'
import type { RetireResult } from '#lib/retire/schema.ts'

interface Props {
  arn: string
  again: boolean
  busy: boolean
  start: (input: { key: string }) => Promise<RetireResult>
}

export function StartProofButton({ arn, again, busy, start }: Props) {
  const [refusal, setRefusal] = useState<string>()
  const [pending, startTransition] = useTransition()
  const run = () =>
    startTransition(async () => {
      const result = await start({ key: arn }).catch(() => unansweredTryAgain())
      setRefusal(result.status === 'error' ? result.message : undefined)
    })
  return (
    <div className="space-y-2.5">
      <Button variant="primary" onClick={run} busy={pending || busy ? 'Looking…' : undefined}>
        {again ? 'Prove it again' : 'Prove it'}
      </Button>
      <Alert>{refusal}</Alert>
    </div>
  )
}
