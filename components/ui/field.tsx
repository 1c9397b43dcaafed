import { CircleX } from 'lucide-react'
import { type ReactNode, useId } from 'react'

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

interface LabelledProps extends Pick<Props, 'help' | 'error' | 'className'> {
  label: string
  /** Makes the control, with what ties it to its label, its help and its error. */
  children: (control: {
    id: string
    'aria-invalid': true | undefined
    'aria-describedby': string | undefined
  }) => ReactNode
}

/** A field whose control is one element, named by a plain label. */
export function LabelledField({ label, help, error, className, children }: LabelledProps) {
  const id = useId()
  return (
    <Field
      id={id}
      label={
        <label htmlFor={id} className={labelClass}>
          {label}
        </label>
      }
      help={help}
      error={error}
      className={className}
    >
      {children({
        id,
        'aria-invalid': error ? true : undefined,
        'aria-describedby': describedBy(id, { help, error }),
      })}
    </Field>
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
