'use client'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { ShredFormInput, ShredResult, ShredSelection } from '#lib/shred/schema.ts'

interface Props {
  selection: ShredSelection
  digest: string
  /** What must be typed. */
  name: string
  /** Hours in which it can be undone. */
  waitHours: { readonly least: number; readonly most: number; readonly usual: number }
  start: (input: ShredFormInput) => Promise<ShredResult>
}

/** The name, how long it can be undone, and the password again. */
export function ShredForm({ selection, digest, name, waitHours, start }: Props) {
  const router = useRouter()
  const [result, setResult] = useState<Extract<ShredResult, { status: 'error' }>>()
  const [pending, startTransition] = useTransition()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const text = (field: string) => String(given.get(field) ?? '')
    startTransition(async () => {
      const answer = await start({
        selection,
        digest,
        name: text('name'),
        reason: text('reason'),
        hours: text('hours'),
        password: text('password'),
      }).catch(() => unanswered())
      if (answer.status === 'success') router.push(`/backups/shred/${answer.id}`)
      else setResult(answer)
    })
  }
  return (
    <form method="post" onSubmit={submit} noValidate className="space-y-3.5">
      <TextField label={`Type “${name}” to go on`} name="name" error={result?.fieldErrors?.name} required />
      <TextField
        label="Hours in which it can be undone"
        name="hours"
        type="number"
        min={waitHours.least}
        max={waitHours.most}
        defaultValue={waitHours.usual}
        error={result?.fieldErrors?.hours}
        help="1 to 720, which is 30 days. Until then the backups restore as before, and any administrator can undo it."
      />
      <TextField
        label="Reason"
        name="reason"
        maxLength={500}
        error={result?.fieldErrors?.reason}
        help="Stands in the certificate. May be empty."
      />
      <TextField
        label="Your password"
        name="password"
        type="password"
        autoComplete="current-password"
        error={result?.fieldErrors?.password}
        required
      />
      <Alert>{result?.message}</Alert>
      <Button type="submit" variant="danger" busy={pending ? 'One moment…' : undefined}>
        Shred after the waiting time
      </Button>
      <p className="text-sm text-ink-3">Every other administrator is told at once.</p>
    </form>
  )
}
