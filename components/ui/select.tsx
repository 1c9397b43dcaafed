import { ChevronDown } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { describedBy, Field, labelClass } from './field.tsx'

interface Props extends ComponentProps<'select'> {
  label: string
  help?: ReactNode
  error?: ReactNode
}

/** The browser's own list: best on a phone, and no script. For a long list there is SearchableSelect. */
export function Select({ label, help, error, className, children, ...select }: Props) {
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
      <div className="relative">
        <select
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={describedBy(id, { help, error })}
          className="control appearance-none truncate pr-9"
          {...select}
        >
          {children}
        </select>
        <ChevronDown
          aria-hidden
          className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-ink-3"
        />
      </div>
    </Field>
  )
}
