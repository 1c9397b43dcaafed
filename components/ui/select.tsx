import { ChevronDown } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { LabelledField } from './field.tsx'

interface Props extends ComponentProps<'select'> {
  label: string
  help?: ReactNode
  error?: ReactNode
}

/** The browser's own list: best on a phone, and no script. For a long list there is SearchableSelect. */
export function Select({ label, help, error, className, children, ...select }: Props) {
  return (
    <LabelledField label={label} help={help} error={error} className={className}>
      {(control) => (
        <div className="relative">
          <select className="control appearance-none truncate pr-9" {...control} {...select}>
            {children}
          </select>
          <ChevronDown
            aria-hidden
            className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-ink-3"
          />
        </div>
      )}
    </LabelledField>
  )
}
