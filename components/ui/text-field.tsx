import type { ComponentProps, ReactNode } from 'react'
import { LabelledField } from './field.tsx'

interface Props extends ComponentProps<'input'> {
  label: string
  help?: ReactNode
  error?: ReactNode
  /** For what is read letter by letter: ARNs, paths, names of buckets. */
  mono?: boolean
}

export function TextField({ label, help, error, mono, className, ...input }: Props) {
  return (
    <LabelledField label={label} help={help} error={error} className={className}>
      {(control) => (
        <input
          type="text"
          autoComplete="off"
          spellCheck={false}
          className={`control ${mono ? 'font-mono text-sm' : ''}`}
          {...control}
          {...input}
        />
      )}
    </LabelledField>
  )
}
