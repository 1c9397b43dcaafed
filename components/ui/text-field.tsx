import { type ComponentProps, type ReactNode, useId } from 'react'
import { describedBy, Field, labelClass } from './field.tsx'

interface Props extends ComponentProps<'input'> {
  label: string
  help?: ReactNode
  error?: ReactNode
  /** For what is read letter by letter: ARNs, paths, names of buckets. */
  mono?: boolean
}

export function TextField({ label, help, error, mono, className, ...input }: Props) {
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
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { help, error })}
        className={`control ${mono ? 'font-mono text-sm' : ''}`}
        {...input}
      />
    </Field>
  )
}
