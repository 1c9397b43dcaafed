'use client'
import { type SubmitEvent, useState } from 'react'
import { NewPasswordField } from '#components/auth/new-password-field.tsx'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { AddPersonInput, Role, UserResult } from '#lib/auth/schema.ts'
import { roleOf, roleOptions } from './role-words.ts'
import { useConfirmed } from './use-confirmed.tsx'

export function AddPersonForm({ add }: { add: (input: AddPersonInput) => Promise<UserResult> }) {
  // Undefined before it was ever open: closed, it gives the focus back to its button.
  const [open, setOpen] = useState<boolean>()
  const [role, setRole] = useState<Role>('viewer')
  // A new key for the fields: they are empty again after somebody was added.
  const [times, setTimes] = useState(0)
  const [added, setAdded] = useState<string>()
  const form = useConfirmed(add, ({ email, role: given }: Omit<AddPersonInput, 'ownPassword'>) => {
    setTimes((before) => before + 1)
    setRole('viewer')
    setAdded(`${email.toLowerCase()} may sign in as ${given}. Tell them the password in a way that others do not read.`)
  })

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name) ?? '')
    const input = { name: text('name'), email: text('email').trim(), role, password: text('password') }
    setAdded(undefined)
    form.ask(input, {
      title: role === 'administrator' ? 'Add an administrator?' : 'Add this person?',
      confirm: 'Add',
      cancel: 'Go back',
      tone: 'primary',
      about: (
        <p className="wrap-anywhere">
          {input.email} may sign in as {role}
          {role === 'administrator' && ', and do everything that you may. Every other administrator is told'}.
        </p>
      ),
    })
  }

  if (!open)
    return (
      <div className="mb-4">
        <Button variant="primary" autoFocus={open === false} onClick={() => setOpen(true)}>
          Add user…
        </Button>
      </div>
    )
  return (
    <div className="mb-4">
      <Card title="New user">
        <form method="post" onSubmit={submit} className="flex flex-col gap-4">
          <div key={times} className="space-y-4">
            <div className="grid items-start gap-3 sm:grid-cols-2">
              <TextField
                label="Name"
                name="name"
                required
                maxLength={200}
                autoFocus={added === undefined}
                error={form.errors.name}
              />
              <TextField
                label="E-mail"
                name="email"
                type="email"
                inputMode="email"
                required
                maxLength={254}
                error={form.errors.email}
              />
            </div>
            <RadioGroup
              legend="Role"
              name="role"
              options={roleOptions}
              chosen={role}
              onChange={(event) => setRole(roleOf(event.currentTarget.value) ?? role)}
            />
            <NewPasswordField label="First password" name="password" error={form.errors.password} />
          </div>
          <Alert>{form.message}</Alert>
          <div className="flex flex-wrap gap-2.5">
            <Button type="submit" variant="primary">
              Add user
            </Button>
            <Button
              onClick={() => {
                setOpen(false)
                setAdded(undefined)
              }}
            >
              Close
            </Button>
          </div>
          <p role="status" className="wrap-anywhere text-ok empty:sr-only">
            {added}
          </p>
        </form>
      </Card>
      {form.dialog}
    </div>
  )
}
