'use client'
import { useState, useTransition } from 'react'
import { Button } from '#components/ui/button.tsx'
import { unansweredTryAgain } from '#components/ui/unanswered.ts'
import type { CheckKeyResult } from '#lib/key-holdings/schema.ts'

interface Props {
  arn: string
  check: (input: { arn: string }) => Promise<CheckKeyResult>
}

/** Tries the key at once, whenever its next check is due. */
export function CheckNowButton({ arn, check }: Props) {
  const [result, setResult] = useState<CheckKeyResult>()
  const [pending, startTransition] = useTransition()
  return (
    <>
      <Button
        busy={pending ? 'Checking…' : undefined}
        onClick={() => startTransition(async () => setResult(await check({ arn }).catch(() => unansweredTryAgain())))}
      >
        Check now
      </Button>
      <p role="status" className="self-center text-sm text-ink-3">
        {result?.status === 'success' && !pending && result.note}
      </p>
      {result?.status === 'error' && (
        <p role="alert" className="basis-full text-sm text-bad wrap-anywhere">
          {result.message}
        </p>
      )}
    </>
  )
}
