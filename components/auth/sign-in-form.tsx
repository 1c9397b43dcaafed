'use client'
import { type SubmitEvent, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'

/** Posts to the sign-in route rather than to an action: that is where tries are counted. */
export function SignInForm({ next }: { next: string }) {
  const [refusal, setRefusal] = useState<string>()
  const [busy, setBusy] = useState(false)

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    setBusy(true)
    setRefusal(undefined)
    const answer = await fetch('/api/auth/sign-in/email', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: data.get('email'), password: data.get('password') }),
    }).catch(() => undefined)
    // A full load: nothing that was shown to nobody, or to somebody else, stays in memory.
    if (answer?.ok) return window.location.assign(next)
    setBusy(false)
    setRefusal(sentenceFor(answer))
    if (answer?.status === 401) form.querySelector<HTMLInputElement>('[name=password]')?.select()
  }

  return (
    <form method="post" onSubmit={submit} className="space-y-4">
      <TextField label="E-mail" name="email" type="email" autoComplete="username" required autoFocus maxLength={254} />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        maxLength={128}
      />
      <Alert>{refusal}</Alert>
      <Button type="submit" variant="primary" busy={busy ? 'Signing in…' : undefined} className="w-full">
        Sign in
      </Button>
    </form>
  )
}

function sentenceFor(answer: Response | undefined): string {
  if (answer?.status === 401 || answer?.status === 400) return 'The e-mail address or the password is wrong.'
  if (answer?.status === 429) {
    const seconds = Number(answer.headers.get('x-retry-after'))
    return `Too many tries. ${seconds > 0 ? `Wait ${seconds} seconds` : 'Wait a minute'}, then try again.`
  }
  if (answer?.status === 403)
    return `This console does not expect to be opened at ${window.location.origin}. Open it at the address that VAULT_PUBLIC_URL names, or set that to this one and restart it.`
  if (answer === undefined) return 'The console did not answer. See that it runs, then try again.'
  return 'The console could not sign you in. Its log says why; /api/health names the part that is not well.'
}
