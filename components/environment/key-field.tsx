import { type ReactNode, useState } from 'react'
import { useWatch } from 'react-hook-form'
import { Arn } from '#components/ui/arn.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { parseKeyIdentifier, regionMismatch, regionOf, tidyKeyIdentifier } from '#lib/keys/schema.ts'
import { asTyped, type EnvironmentFormApi, type KeyName, setRegion } from './form-type.ts'
import { suggestKey } from './suggest-key.ts'

/** What KMS said that a typed key stands for. */
export interface ResolvedKey {
  readonly typed: string
  readonly keyArn: string | null
}

interface Props {
  form: EnvironmentFormApi
  name: KeyName
  label: string
  help?: ReactNode
  /** Must be in the Region of the environment. */
  sameRegion: boolean
  /** Of the newest revision. */
  saved: ResolvedKey | undefined
  /** Of the last check, if it was about what is typed now. */
  checked: ResolvedKey | undefined
}

/** A key as people type it. What can be mended by a click is offered as one; what a paste brings along goes quietly. */
export function KeyField({ form, name, label, help, sameRegion, saved, checked }: Props) {
  const [region, typed] = useWatch({ control: form.control, name: ['region', name] })
  const parsed = parseKeyIdentifier(typed)
  const keyRegion = parsed.ok ? regionOf(parsed.key) : undefined
  // Said at once, not only after the field has been left: both values are on the screen.
  const elsewhere =
    sameRegion && keyRegion !== undefined && region !== '' && keyRegion !== region ? keyRegion : undefined
  const { error, isTouched } = form.getFieldState(name, form.formState)
  // A field that was just added is validated with its list, before anybody could type into it: it is wrong only once it
  // was left, or was there when somebody pressed Save Settings or Test key.
  const { submitCount } = form.formState
  const [pressedBefore] = useState(submitCount)
  const message = typed !== '' || isTouched || submitCount > pressedBefore ? error?.message : undefined
  const meant = message ? suggestKey(typed) : undefined

  function set(value: string) {
    form.setValue(name, value, asTyped)
    form.setFocus(name)
  }

  return (
    <TextField
      label={label}
      mono
      placeholder="arn:aws:kms:…"
      help={
        <>
          {help}
          <PointsTo typed={typed} saved={saved} checked={checked} />
        </>
      }
      error={
        elsewhere ? (
          <>
            <p>{regionMismatch(elsewhere, region)}</p>
            <Button
              size="small"
              className="mt-1.5"
              onClick={() => {
                setRegion(form, elsewhere)
                form.setFocus(name)
              }}
            >
              Use {elsewhere}
            </Button>
          </>
        ) : (
          message && (
            <>
              <p>{message}</p>
              {meant && (
                <Button size="small" className="mt-1.5 max-w-full" onClick={() => set(meant)}>
                  <span className="min-w-0 truncate">Use {meant}</span>
                </Button>
              )}
            </>
          )
        )
      }
      {...form.register(name, {
        onChange: ({ nativeEvent, target }) => {
          const pasted = nativeEvent instanceof InputEvent && nativeEvent.inputType === 'insertFromPaste'
          // Where spaces end in the middle of typing, nobody wants them gone yet.
          if (pasted) form.setValue(name, tidyKeyIdentifier(target.value), asTyped)
          // A message about the key before must not stay until the field is left.
          else if (form.getFieldState(name).error) void form.trigger(name)
        },
        onBlur: (event) => form.setValue(name, tidyKeyIdentifier(event.target.value), { shouldDirty: true }),
      })}
    />
  )
}

/** What was typed is in the field; here stands the key that it leads to, and whether it led elsewhere before. */
function PointsTo({ typed, saved, checked }: Pick<Props, 'saved' | 'checked'> & { typed: string }) {
  const before = saved?.typed === typed ? saved.keyArn : null
  const now = (checked?.typed === typed && checked.keyArn) || before
  if (!now) return null
  if (before && before !== now)
    return (
      <div className="mt-1.5 rounded-control bg-warn-soft px-2.5 py-1.5 text-warn">
        <code>{typed}</code> now points to <Arn arn={now} />. Backups made until now stay under <Arn arn={before} />:
        keep both keys. New ones go under the new key once this is saved.
      </div>
    )
  if (now === typed) return null
  return (
    <div className="mt-1 flex min-w-0 flex-wrap items-center gap-x-1.5">
      Points to <Arn arn={now} />
    </div>
  )
}
