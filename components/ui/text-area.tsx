import { type ComponentProps, type ReactNode, useId } from 'react'
import { describedBy, Field, labelClass } from './field.tsx'

interface Props extends ComponentProps<'textarea'> {
  label: string
  help?: ReactNode
  error?: ReactNode
}

/** Several lines of what is read letter by letter. */
export function TextArea({ label, help, error, className, ...textarea }: Props) {
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
      <textarea
        id={id}
        rows={3}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { help, error })}
        className="control h-auto resize-y py-2 font-mono text-sm"
        {...textarea}
      />
    </Field>
  )
}
