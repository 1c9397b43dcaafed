'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useState, useTransition } from 'react'
import { NewPasswordField } from '#components/auth/new-password-field.tsx'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { ChangeOwnPasswordInput, UserResult } from '#lib/auth/schema.ts'

export function OwnPasswordForm({ change }: { change: (input: ChangeOwnPasswordInput) => Promise<UserResult> }) {
  const router = useRouter()
  const [result, setResult] = useState<UserResult>()
  // A new key for the fields: they are empty again after a change.
  const [changes, setChanges] = useState(0)
  const [busy, startTransition] = useTransition()
  const refusal = result?.status === 'error' ? result : undefined

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const input = { ownPassword: String(data.get('current')), password: String(data.get('password')) }
    startTransition(async () => {
      const answer = await change(input).catch(() =>
        unanswered('Try to sign in elsewhere to see which password counts.'),
      )
      setResult(answer)
      if (answer.status !== 'success') return
      setChanges((before) => before + 1)
      router.refresh()
    })
  }

  return (
    <Card title="Password" hint="Changing it signs you out everywhere else. API tokens go on.">
      <form method="post" onSubmit={submit} className="flex max-w-md flex-col gap-4">
        <TextField
          key={`current ${changes}`}
          label="Current password"
          name="current"
          type="password"
          autoComplete="current-password"
          required
          maxLength={128}
          error={refusal?.fieldErrors?.ownPassword}
        />
        <NewPasswordField
          key={`new ${changes}`}
          label="New password"
          name="password"
          error={refusal?.fieldErrors?.password}
        />
        <div>
          <Button type="submit" variant="primary" busy={busy ? 'Changing…' : undefined}>
            Change password
          </Button>
        </div>
        <Alert>{refusal?.message}</Alert>
        <p role="status" className="text-ok empty:sr-only">
          {result?.status === 'success' && 'Your password is changed. Every other session of yours has ended.'}
        </p>
      </form>
    </Card>
  )
}
