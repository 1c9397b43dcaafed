'use client'
import { type ReactNode, type SubmitEvent, useId } from 'react'
import AlertDialog from './alert-dialog.tsx'
import { TextField } from './text-field.tsx'

interface Props {
  title: string
  /** What happens, as a verb. */
  confirm: string
  cancel: string
  /** `danger` unless nothing is lost by it. */
  tone?: 'danger' | 'primary'
  wrong: string | undefined
  /** Words while it is under way. */
  busy: string | undefined
  onConfirm: (password: string) => void
  onCancel: () => void
  /** What it would do. */
  children: ReactNode
}

/** Asks for the person’s own password before something that another should not do at their desk. */
export default function PasswordDialog({
  title,
  confirm,
  cancel,
  tone = 'danger',
  wrong,
  busy,
  onConfirm,
  onCancel,
  children,
}: Props) {
  const form = useId()
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    onConfirm(String(new FormData(event.currentTarget).get('password')))
  }
  return (
    <AlertDialog
      open
      title={title}
      confirm={confirm}
      cancel={cancel}
      tone={tone}
      form={form}
      busy={busy}
      onCancel={onCancel}
    >
      {children}
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
