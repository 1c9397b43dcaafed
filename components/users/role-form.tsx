'use client'
import { type SubmitEvent, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import type { ChangeRoleInput, UserDetail, UserResult } from '#lib/auth/schema.ts'
import { roleOf, roleOptions } from './role-words.ts'
import { useConfirmed } from './use-confirmed.tsx'

interface Props {
  person: UserDetail
  change: (input: ChangeRoleInput) => Promise<UserResult>
}

export function RoleForm({ person, change }: Props) {
  const { id, email, role, lastAdministrator } = person
  const [chosen, setChosen] = useState(role)
  const [said, setSaid] = useState('')
  const form = useConfirmed(change, (input: Omit<ChangeRoleInput, 'ownPassword'>) =>
    setSaid(`The role is ${input.role} now.`),
  )

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    setSaid(chosen === role ? `The role is ${role} already.` : '')
    if (chosen === role) return
    form.ask(
      { id, role: chosen },
      {
        title: `Make this person ${chosen}?`,
        confirm: 'Change role',
        cancel: 'Leave it',
        about: (
          <p className="wrap-anywhere">
            {email} is {role} now. It counts at once, in open sessions and for API tokens too.
            {(chosen === 'administrator' || role === 'administrator') && ' Every other administrator is told.'}
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
      <form method="post" onSubmit={submit} className="flex flex-col items-start gap-4">
        <RadioGroup
          legend={`What ${email} may do`}
          name="role"
          options={roleOptions}
          chosen={chosen}
          onChange={(event) => setChosen(roleOf(event.currentTarget.value) ?? role)}
          disabled={lastAdministrator}
          className="w-full wrap-anywhere"
        />
        {!lastAdministrator && <Button type="submit">Change role…</Button>}
        <Alert>{form.message}</Alert>
        <p role="status" className="text-ok empty:sr-only">
          {said}
        </p>
      </form>
      {form.dialog}
    </Card>
  )
}
