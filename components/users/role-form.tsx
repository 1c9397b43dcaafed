'use client'
import { type SubmitEvent, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import type { ChangeRoleInput, Role, UserDetail, UserResult } from '#lib/auth/schema.ts'
import { roleOf, roleOptions } from './role-words.ts'
import { useConfirmed } from './use-confirmed.tsx'

interface Props {
  person: UserDetail
  change: (input: ChangeRoleInput) => Promise<UserResult>
}

export function RoleForm({ person, change }: Props) {
  const { id, email, role, lastAdministrator } = person
  const [changed, setChanged] = useState<Role>()
  const form = useConfirmed(change, (input: Omit<ChangeRoleInput, 'ownPassword'>) => setChanged(input.role))

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const chosen = new FormData(event.currentTarget).get('role')
    const next = roleOf(chosen)
    setChanged(undefined)
    if (!next || next === role) return
    form.ask(
      { id, role: next },
      {
        title: `Make this person ${next}?`,
        confirm: 'Change role',
        cancel: 'Leave it',
        about: (
          <p className="wrap-anywhere">
            {email} is {role} now. It counts at once, in open sessions and for API tokens too.
            {(next === 'administrator' || role === 'administrator') && ' Every other administrator is told.'}
          </p>
        ),
      },
    )
  }

  return (
    <Card
      title="Role"
      hint={
        lastAdministrator
          ? 'The last administrator keeps the role: make somebody else an administrator first.'
          : 'Counts at once, in open sessions and for API tokens too.'
      }
    >
      {/* A new key: after a change the choice is what is stored. */}
      <form key={role} method="post" onSubmit={submit} aria-label="Role" className="space-y-4">
        <RadioGroup
          legend={`What ${email} may do`}
          name="role"
          options={roleOptions}
          defaultValue={role}
          disabled={lastAdministrator}
          className="wrap-anywhere"
        />
        {!lastAdministrator && <Button type="submit">Change role…</Button>}
        <Alert>{form.message}</Alert>
        <p role="status" className="text-ok empty:hidden">
          {changed && `The role is ${changed} now.`}
        </p>
      </form>
      {form.dialog}
    </Card>
  )
}
