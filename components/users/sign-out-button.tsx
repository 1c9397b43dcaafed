'use client'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { UserResult } from '#lib/auth/schema.ts'

interface Props {
  id: string
  signOut: (input: { id: string }) => Promise<UserResult>
}

/** Nothing is lost by it, and it may be urgent: it asks nothing. */
export function SignOutButton({ id, signOut }: Props) {
  const router = useRouter()
  const [result, setResult] = useState<UserResult>()
  const [busy, startTransition] = useTransition()
  const run = () =>
    startTransition(async () => {
      setResult(await signOut({ id }).catch(() => unanswered()))
      router.refresh()
    })
  return (
    <div className="flex flex-col items-start gap-3">
      <Button onClick={run} busy={busy ? 'Signing out…' : undefined}>
        Sign out everywhere
      </Button>
      <Alert>{result?.status === 'error' ? result.message : undefined}</Alert>
      <p role="status" className="text-ok empty:sr-only">
        {result?.status === 'success' && 'Signed out everywhere.'}
      </p>
    </div>
  )
}
