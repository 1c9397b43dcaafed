'use client'
import { type SubmitEvent, useState } from 'react'
import { NewPasswordField } from '#components/auth/new-password-field.tsx'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import type { SetPasswordInput, UserDetail, UserResult } from '#lib/auth/schema.ts'
import { useConfirmed } from './use-confirmed.tsx'

interface Props {
  person: UserDetail
  set: (input: SetPasswordInput) => Promise<UserResult>
}

export function PasswordForm({ person: { id, email, tokens }, set }: Props) {
  // A new key for the field: it is empty again after it was set.
  const [times, setTimes] = useState(0)
  const form = useConfirmed(set, (_: Omit<SetPasswordInput, 'ownPassword'>) => setTimes((before) => before + 1))

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    form.ask(
      { id, password },
      {
        title: 'Set this password?',
        confirm: 'Set password',
        cancel: 'Leave it',
        about: (
          <p className="wrap-anywhere">
            The password that {email} has now opens nothing any more, and all of their sessions end.
            {tokens > 0 && ' API tokens go on: revoke them in Settings > API tokens where they are in doubt too.'}
          </p>
        ),
      },
    )
  }

  return (
    <Card
      title="New password"
      hint="For somebody who forgot it, or whose password others know. It ends all of their sessions."
    >
      <form method="post" onSubmit={submit} className="flex max-w-md flex-col gap-4">
        <NewPasswordField key={times} label="New password" name="password" error={form.errors.password} />
        <div>
          <Button type="submit">Set password…</Button>
        </div>
        <Alert>{form.message}</Alert>
        <p role="status" className="text-ok empty:sr-only">
          {times > 0 && 'The new password is set. Tell them in a way that others do not read.'}
        </p>
      </form>
      {form.dialog}
    </Card>
  )
}
