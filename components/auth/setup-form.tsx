'use client'
import { type SubmitEvent, useEffect, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { NewPasswordField } from './new-password-field.tsx'

type Result =
  | { status: 'success' }
  | { status: 'error'; message: string; fieldErrors?: Readonly<Record<string, string>> }

interface Props {
  token: string
  complete: (input: { token: string; name: string; email: string; password: string }) => Promise<Result>
}

export function SetupForm({ token, complete }: Props) {
  const [refusal, setRefusal] = useState<Extract<Result, { status: 'error' }>>()
  const [busy, setBusy] = useState(false)

  // The token is a secret: it must not stay in the address bar, the history or a screenshot.
  useEffect(() => window.history.replaceState(null, '', window.location.pathname), [])

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name))
    setBusy(true)
    const result = await complete({
      token,
      name: text('name'),
      email: text('email'),
      password: text('password'),
    }).catch(() => ({
      status: 'error' as const,
      message: 'The console did not answer. See that it runs, then try again.',
    }))
    if (result.status === 'success') return window.location.assign('/')
    setBusy(false)
    setRefusal(result)
  }

  return (
    <form method="post" onSubmit={submit} className="space-y-4">
      <TextField
        label="Name"
        name="name"
        autoComplete="name"
        required
        maxLength={200}
        error={refusal?.fieldErrors?.name}
      />
      <TextField
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        required
        maxLength={254}
        error={refusal?.fieldErrors?.email}
      />
      <NewPasswordField label="Password" name="password" error={refusal?.fieldErrors?.password} />
      <Alert>{refusal?.message}</Alert>
      <Button type="submit" variant="primary" busy={busy ? 'Setting up…' : undefined} className="w-full">
        Make administrator
      </Button>
    </form>
  )
}
