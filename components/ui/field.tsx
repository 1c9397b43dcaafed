import { CircleX } from 'lucide-react'
import type { ReactNode } from 'react'

interface Props {
  /** The ID of the control; its help and its error are `<id>-help` and `<id>-error`. */
  id: string
  label: ReactNode
  help?: ReactNode
  error?: ReactNode
  className?: string | undefined
  children: ReactNode
}

/** A label, a control, what helps to fill it in, and what is wrong with it. */
export function Field({ id, label, help, error, className = '', children }: Props) {
  return (
    <div className={`min-w-0 ${className}`}>
      {label}
      {children}
      <FieldError id={id}>{error}</FieldError>
      {help && (
        <div id={`${id}-help`} className="mt-1.5 text-sm text-ink-3">
          {help}
        </div>
      )}
    </div>
  )
}

export function FieldError({ id, children }: { id: string; children: ReactNode }) {
  if (!children) return null
  return (
    <div id={`${id}-error`} className="mt-1.5 flex gap-1.5 text-sm text-bad">
      <CircleX aria-hidden className="mt-px size-4 shrink-0" />
      <div className="min-w-0 wrap-anywhere">{children}</div>
    </div>
  )
}

/** What a control with this ID points to, so that a screen reader reads its error before its help. */
export function describedBy(id: string, { help, error }: { help?: unknown; error?: unknown }): string | undefined {
  return [error && `${id}-error`, help && `${id}-help`].filter(Boolean).join(' ') || undefined
}

export const labelClass = 'mb-1.5 block w-fit font-medium'
