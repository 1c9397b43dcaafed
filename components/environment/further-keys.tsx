import { Plus, X } from 'lucide-react'
import { useFieldArray } from 'react-hook-form'
import { Button } from '#components/ui/button.tsx'
import { mostFurtherKeys } from '#lib/environment/schema.ts'
import type { EnvironmentFormApi } from './form-type.ts'
import { KeyField, type ResolvedKey } from './key-field.tsx'

interface Props {
  form: EnvironmentFormApi
  disabled: boolean
  saved: readonly ResolvedKey[]
  checked: readonly ResolvedKey[]
}

/** Keys that open each backup besides the master key. */
export function FurtherKeys({ form, disabled, saved, checked }: Props) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'furtherKeys' })
  const add = () => append({ typed: '' }, { focusName: `furtherKeys.${fields.length}.typed` })
  function takeAway(index: number) {
    remove(index)
    form.setFocus('masterKey')
  }
  return (
    <div className="space-y-3">
      {fields.length > 0 && (
        <ul className="space-y-3" aria-label="Further keys">
          {fields.map((field, index) => (
            <li key={field.id} className="flex items-start gap-2">
              <div className="min-w-0 flex-1">
                <KeyField
                  form={form}
                  name={`furtherKeys.${index}.typed`}
                  label={`Further key ${index + 1}`}
                  sameRegion={false}
                  saved={saved.find(({ typed }) => typed === field.typed) ?? saved[index]}
                  checked={checked[index]}
                />
              </div>
              {!disabled && (
                <Button
                  className="mt-6.5"
                  onClick={() => takeAway(index)}
                  aria-label={`Remove further key ${index + 1}`}
                >
                  <X aria-hidden className="size-4" />
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {!disabled && fields.length < mostFurtherKeys && (
        <Button size="small" onClick={add}>
          <Plus aria-hidden className="size-3.5" />
          Add a further key
        </Button>
      )}
      {fields.length > 0 ? (
        <p className="text-sm text-ink-3">
          Each backup is wrapped under every key, and each key alone opens it. Whoever may decrypt with one of them can
          read new backups. A key of another Region is named by its ARN.
        </p>
      ) : (
        !disabled && (
          <p className="text-sm text-ink-3">
            Optional: a key in another Region, or one kept for an emergency. Any one of them opens a backup.
          </p>
        )
      )}
    </div>
  )
}
