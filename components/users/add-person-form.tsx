'use client'
import { type SubmitEvent, useRef, useState } from 'react'
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
  const [open, setOpen] = useState(false)
  const [role, setRole] = useState<Role>('viewer')
  const [added, setAdded] = useState<string>()
  const status = useRef<HTMLParagraphElement>(null)
  const form = useConfirmed(add, ({ email, role: given }: Omit<AddPersonInput, 'ownPassword'>) => {
    setOpen(false)
    setRole('viewer')
    setAdded(`${email.toLowerCase()} may sign in as ${given}. Tell them the password in a way that others do not read.`)
    requestAnimationFrame(() => status.current?.focus())
  })

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name) ?? '')
    const input = { name: text('name'), email: text('email').trim(), role, password: text('password') }
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

  return (
    <div className="mb-4">
      {open ? (
        <Card title="New user">
          <form method="post" onSubmit={submit} aria-label="New user" className="space-y-4">
            <div className="grid items-start gap-3 sm:grid-cols-2">
              <TextField label="Name" name="name" required maxLength={200} autoFocus error={form.errors.name} />
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
            <Alert>{form.message}</Alert>
            <div className="flex flex-wrap gap-2.5">
              <Button type="submit" variant="primary">
                Add user
              </Button>
              <Button onClick={() => setOpen(false)}>Cancel</Button>
            </div>
          </form>
        </Card>
      ) : (
        <Button
          variant="primary"
          onClick={() => {
            setAdded(undefined)
            setOpen(true)
          }}
        >
          Add user…
        </Button>
      )}
      <p ref={status} role="status" tabIndex={-1} className="mt-3 wrap-anywhere text-ok outline-none empty:hidden">
        {added}
      </p>
      {form.dialog}
    </div>
  )
}
