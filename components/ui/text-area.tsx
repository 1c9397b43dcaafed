import type { ComponentProps, ReactNode } from 'react'
import { LabelledField } from './field.tsx'

interface Props extends ComponentProps<'textarea'> {
  label: string
  help?: ReactNode
  error?: ReactNode
}

/** Several lines of what is read letter by letter. */
export function TextArea({ label, help, error, className, ...textarea }: Props) {
  return (
    <LabelledField label={label} help={help} error={error} className={className}>
      {(control) => (
        <textarea
          {...control}
          rows={3}
          autoComplete="off"
          spellCheck={false}
          className="control h-auto resize-y py-2 font-mono text-sm"
          {...textarea}
        />
      )}
    </LabelledField>
  )
}
