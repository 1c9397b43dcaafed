'use client'
import { Combobox } from '@base-ui/react/combobox'
import { Check, ChevronDown } from 'lucide-react'
import { useId } from 'react'
import { describedBy, Field, labelClass } from './field.tsx'
import type { Choice, SearchableSelectProps } from './searchable-select.tsx'

/** Opens at once. The text field is inside the popup: an open one beside its list fails axe. */
export default function ChoiceList({
  label,
  choices,
  value,
  placeholder,
  error,
  disabled,
  ref,
  onChange,
  onBlur,
}: SearchableSelectProps) {
  const id = useId()
  return (
    <Combobox.Root
      items={choices}
      value={choices.find((choice) => choice.value === value) ?? null}
      onValueChange={(choice: Choice | null) => choice && onChange(choice.value)}
      onOpenChange={(open) => open || onBlur()}
      disabled={disabled}
      defaultOpen
      autoHighlight
    >
      <Field id={id} error={error} label={<Combobox.Label className={labelClass}>{label}</Combobox.Label>}>
        <Combobox.Trigger
          ref={ref}
          aria-invalid={error ? true : undefined}
          aria-describedby={describedBy(id, { error })}
          className="control flex items-center gap-2 text-left data-placeholder:text-ink-3"
        >
          <span className="min-w-0 truncate">
            <Combobox.Value placeholder={placeholder} />
          </span>
          <ChevronDown aria-hidden className="ml-auto size-4 shrink-0 text-ink-3" />
        </Combobox.Trigger>
      </Field>
      <Combobox.Portal>
        <Combobox.Positioner align="start" sideOffset={4} className="z-20">
          <Combobox.Popup
            aria-label="Choices"
            className="flex max-h-[min(24rem,var(--available-height))] w-(--anchor-width) min-w-72 max-w-(--available-width) flex-col rounded-control border border-line-strong bg-surface shadow-popup"
          >
            <div className="border-b border-line p-1.5">
              <Combobox.Input
                aria-label="Search"
                placeholder="Search"
                className="h-8 w-full rounded-control bg-sunken px-2.5 -outline-offset-2 pointer-coarse:h-11 pointer-coarse:text-[1rem]"
              />
            </div>
            <Combobox.Empty className="px-3 py-2.5 text-ink-3 empty:hidden">Nothing matches.</Combobox.Empty>
            <Combobox.List className="scroll-py-1 overflow-y-auto overscroll-contain p-1 empty:hidden">
              {(choice: Choice) => (
                <Combobox.Item
                  key={choice.value}
                  value={choice}
                  className="flex items-center gap-2 rounded-control px-2.5 py-1.5 data-highlighted:bg-accent-soft pointer-coarse:py-3"
                >
                  <span className="min-w-0 tabular-nums">{choice.label}</span>
                  <Combobox.ItemIndicator className="ml-auto">
                    <Check aria-hidden className="size-4 text-accent" />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  )
}
