import { type ComponentProps, useId } from 'react'

interface Props extends ComponentProps<'input'> {
  legend: string
  options: readonly { value: string; label: string; about: string }[]
  /** The chosen value, where the form itself keeps it. */
  chosen?: string
}

/** Few choices that exclude each other, each with a line on what it means. The rest goes to every input. */
export function RadioGroup({ legend, options, chosen, className = '', ...input }: Props) {
  const id = useId()
  return (
    <div role="radiogroup" aria-labelledby={`${id}-legend`} className={className}>
      <div id={`${id}-legend`} className="mb-1.5 font-medium">
        {legend}
      </div>
      <div className={`grid gap-2.5 ${options.length === 3 ? 'sm:grid-cols-3' : 'sm:grid-cols-2'}`}>
        {options.map((option) => (
          <div
            key={option.value}
            className="relative flex gap-2.5 rounded-control border border-line-strong px-3 py-2.5 has-checked:border-accent has-checked:shadow-[inset_0_0_0_1px_var(--color-accent)] has-disabled:bg-sunken"
          >
            <input
              id={`${id}-${option.value}`}
              type="radio"
              value={option.value}
              {...(chosen !== undefined && { checked: option.value === chosen })}
              aria-describedby={`${id}-${option.value}-about`}
              className="relative z-1 mt-0.5 size-4 shrink-0 appearance-none rounded-full border border-line-strong bg-surface checked:border-5 checked:border-accent disabled:cursor-not-allowed forced-colors:appearance-auto"
              {...input}
            />
            <div className="min-w-0">
              {/* The label covers the whole card, so that a click anywhere on it counts. */}
              <label htmlFor={`${id}-${option.value}`} className="font-medium after:absolute after:inset-0">
                {option.label}
              </label>
              <p id={`${id}-${option.value}-about`} className="text-sm text-ink-3">
                {option.about}
              </p>
            </div>
          </div>
        ))}
      </div>
    </div>
  )
}
