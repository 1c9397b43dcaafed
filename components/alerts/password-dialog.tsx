'use client'
import { type SubmitEvent, useId } from 'react'
import AlertDialog from '#components/ui/alert-dialog.tsx'
import { TextField } from '#components/ui/text-field.tsx'

interface Props {
  reasons: readonly string[]
  wrong: string | undefined
  busy: boolean
  onConfirm: (password: string) => void
  onCancel: () => void
}

/** Asks again before alerts go elsewhere than before, or nowhere. */
export default function PasswordDialog({ reasons, wrong, busy, onConfirm, onCancel }: Props) {
  const form = useId()
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    onConfirm(String(new FormData(event.currentTarget).get('password')))
  }
  return (
    <AlertDialog
      open
      title="Change who hears of trouble?"
      confirm="Confirm and save"
      cancel="Go back"
      form={form}
      busy={busy ? 'Saving…' : undefined}
      onCancel={onCancel}
    >
      <ul className="list-disc space-y-1 pl-5 wrap-anywhere">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p>Nothing is saved yet. Every other administrator is told.</p>
      <form id={form} method="post" noValidate className="pt-1 text-ink" onSubmit={submit}>
        <TextField
          label="Your password"
          name="password"
          type="password"
          autoComplete="current-password"
          error={wrong}
        />
      </form>
    </AlertDialog>
  )
}
