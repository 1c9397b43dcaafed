import { Check } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { describedBy, FieldError } from './field.tsx'

interface Props extends ComponentProps<'input'> {
  label: string
  help?: ReactNode
  error?: ReactNode
}

export function Checkbox({ label, help, error, className = '', ...input }: Props) {
  const id = useId()
  return (
    <div className={`flex gap-2.5 ${className}`}>
      <span className="relative mt-px size-[18px] shrink-0">
        <input
          id={id}
          type="checkbox"
          aria-invalid={error ? true : undefined}
          aria-describedby={describedBy(id, { help, error })}
          className="peer size-full appearance-none rounded-[5px] border border-line-strong bg-surface checked:border-accent checked:bg-accent disabled:cursor-not-allowed disabled:opacity-60 forced-colors:appearance-auto"
          {...input}
        />
        <Check
          aria-hidden
          strokeWidth={3}
          className="pointer-events-none absolute inset-0.5 size-3.5 text-accent-ink opacity-0 peer-checked:opacity-100 forced-colors:hidden"
        />
      </span>
      <div className="min-w-0">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        <FieldError id={id}>{error}</FieldError>
        {help && (
          <div id={`${id}-help`} className="mt-0.5 text-sm text-ink-3">
            {help}
          </div>
        )}
      </div>
    </div>
  )
}
