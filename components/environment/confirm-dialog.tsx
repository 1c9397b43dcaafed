'use client'
import { type RefObject, useEffect, useId } from 'react'
import { useForm } from 'react-hook-form'
import AlertDialog from '#components/ui/alert-dialog.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { type Confirmation, type ConfirmationNeeded, unencryptedWord } from '#lib/environment/save-schema.ts'

interface Props {
  needed: ConfirmationNeeded
  busy: boolean
  returnTo: RefObject<HTMLElement | null>
  onConfirm: (confirmation: Confirmation) => void
  onCancel: () => void
}

/** Asks again for what destroys or exposes: the checks have passed, nothing is saved yet. */
export default function ConfirmDialog({ needed, busy, returnTo, onConfirm, onCancel }: Props) {
  const formId = useId()
  const { register, handleSubmit, setFocus, formState } = useForm({ defaultValues: { word: '', password: '' } })
  const { asks, reasons, wrong } = needed
  const error = (what: 'word' | 'password') =>
    formState.errors[what]?.message ?? (wrong?.what === what ? wrong.message : undefined)
  useEffect(() => {
    if (wrong) setFocus(wrong.what, { shouldSelect: true })
  }, [wrong, setFocus])
  return (
    <AlertDialog
      open
      title={asks.includes('word') ? 'Write backups unencrypted?' : 'Change who can read backups?'}
      confirm="Confirm and save"
      cancel="Go back"
      form={formId}
      busy={busy ? 'Saving…' : undefined}
      returnTo={returnTo}
      onCancel={onCancel}
    >
      <p>Every check passed. Nothing is saved yet.</p>
      <ul className="list-disc space-y-1 pl-5 wrap-anywhere">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p>Backups made so far stay as they are, under the keys they were made with.</p>
      {asks.includes('password') && <p>Every other administrator is told.</p>}
      <form
        id={formId}
        method="post"
        noValidate
        className="space-y-3 pt-1 text-ink"
        onSubmit={handleSubmit((given) => onConfirm(given))}
      >
        {asks.includes('word') && (
          <TextField
            label={`Type “${unencryptedWord}” to go on`}
            error={error('word')}
            {...register('word', { required: `Type “${unencryptedWord}”.` })}
          />
        )}
        {asks.includes('password') && (
          <TextField
            label="Your password"
            type="password"
            autoComplete="current-password"
            error={error('password')}
            {...register('password', { required: 'Enter your password.' })}
          />
        )}
      </form>
    </AlertDialog>
  )
}
