'use client'
import { ChevronDown } from 'lucide-react'
import { lazy, type Ref, Suspense, useId, useState } from 'react'
import { describedBy, Field, labelClass } from './field.tsx'

export interface Choice {
  readonly value: string
  readonly label: string
}

export interface SearchableSelectProps {
  label: string
  choices: readonly Choice[]
  /** Empty: nothing chosen. */
  value: string
  placeholder: string
  error?: string | undefined
  disabled?: boolean
  ref?: Ref<HTMLButtonElement>
  onChange: (value: string) => void
  onBlur: () => void
}

// The list is a third of the page's script and seldom opened: it comes when somebody reaches for it.
const load = () => import('./choice-list.tsx')
const ChoiceList = lazy(load)

/** A long list to choose from by typing. Closed, and until first opened, it is only the button that it looks like. */
export function SearchableSelect(props: SearchableSelectProps) {
  const [opened, setOpened] = useState(false)
  const closed = <Closed {...props} onOpen={() => setOpened(true)} />
  if (!opened) return closed
  return (
    <Suspense fallback={closed}>
      <ChoiceList {...props} />
    </Suspense>
  )
}

function Closed({
  label,
  choices,
  value,
  placeholder,
  error,
  disabled,
  ref,
  onOpen,
  onBlur,
}: SearchableSelectProps & { onOpen: () => void }) {
  const id = useId()
  const chosen = choices.find((choice) => choice.value === value)
  return (
    <Field
      id={id}
      error={error}
      label={
        <label htmlFor={id} className={labelClass}>
          {label}
        </label>
      }
    >
      <button
        id={id}
        ref={ref}
        type="button"
        role="combobox"
        aria-expanded={false}
        aria-haspopup="dialog"
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { error })}
        disabled={disabled}
        onPointerEnter={load}
        onFocus={load}
        onBlur={onBlur}
        onClick={onOpen}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
          event.preventDefault()
          onOpen()
        }}
        className="control flex items-center gap-2 text-left"
      >
        <span className={`min-w-0 truncate ${chosen ? '' : 'text-ink-3'}`}>{chosen?.label ?? placeholder}</span>
        <ChevronDown aria-hidden className="ml-auto size-4 shrink-0 text-ink-3" />
      </button>
    </Field>
  )
}
