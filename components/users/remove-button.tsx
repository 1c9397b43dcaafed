'use client'
import { useRouter } from 'next/navigation'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { RemovePersonInput, UserDetail, UserResult } from '#lib/auth/schema.ts'
import { useConfirmed } from './use-confirmed.tsx'

interface Props {
  person: UserDetail
  remove: (input: RemovePersonInput) => Promise<UserResult>
}

export function RemoveButton({ person: { id, email, sessions, tokens }, remove }: Props) {
  const router = useRouter()
  const form = useConfirmed(remove, (_: { id: string }) => router.push('/settings/users'))
  const ask = () =>
    form.ask(
      { id },
      {
        title: 'Remove this person?',
        confirm: 'Remove',
        cancel: 'Keep them',
        about: (
          <>
            <p className="wrap-anywhere">
              {email} cannot sign in any more. {sessions + tokens > 0 && 'At once this ends:'}
            </p>
            {sessions + tokens > 0 && (
              <ul className="list-disc pl-5">
                {sessions > 0 && <li>{count(sessions, 'open session')}</li>}
                {tokens > 0 && <li>{count(tokens, 'API token')}: programs that use them are refused from now on</li>}
              </ul>
            )}
            <p>
              Backups, schedules and the audit log stay as they are, with the address. What is running goes on. This
              cannot be undone; the person can be added again{tokens > 0 && ', without these tokens'}.
            </p>
          </>
        ),
      },
    )
  return (
    <div className="flex flex-col items-start gap-3">
      <Button variant="danger" onClick={ask}>
        Remove…
      </Button>
      <Alert>{form.message}</Alert>
      {form.dialog}
    </div>
  )
}
