import { useWatch } from 'react-hook-form'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { OfferedKey } from '#lib/environment/schema.ts'
import { parseKeyIdentifier, regionMismatch, regionOf, tidyKeyIdentifier } from '#lib/keys/schema.ts'
import { asTyped, type EnvironmentFormApi, setRegion } from './form-type.ts'
import { OfferedKeys } from './offered-keys.tsx'

export function MasterKeyField({
  form,
  offeredKeys,
}: {
  form: EnvironmentFormApi
  offeredKeys: readonly OfferedKey[]
}) {
  const [region, masterKey] = useWatch({ control: form.control, name: ['region', 'masterKey'] })
  const parsed = parseKeyIdentifier(masterKey)
  const keyRegion = parsed.ok ? regionOf(parsed.key) : undefined
  // Said at once, not only after the field has been left: both values are on the screen.
  const elsewhere = keyRegion !== undefined && region !== '' && keyRegion !== region ? keyRegion : undefined

  function use(key: OfferedKey) {
    form.setValue('masterKey', key.arn, asTyped)
    if (form.getValues('region') === '') setRegion(form, key.region)
  }

  return (
    <div className="space-y-4">
      <TextField
        label="Master Key"
        mono
        placeholder="arn:aws:kms:…"
        help={
          <>
            Key ARN, key ID or alias. Needs only <code>kms:DescribeKey</code>, <code>kms:Encrypt</code> and{' '}
            <code>kms:Decrypt</code>.
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
                  form.setFocus('masterKey')
                }}
              >
                Switch Region to {elsewhere}
              </Button>
            </>
          ) : (
            form.formState.errors.masterKey?.message
          )
        }
        {...form.register('masterKey', {
          // A message about the key before must not stay until the field is left.
          onChange: () => form.getFieldState('masterKey').error && form.trigger('masterKey'),
          onBlur: (event) => form.setValue('masterKey', tidyKeyIdentifier(event.target.value), { shouldDirty: true }),
        })}
      />
      {offeredKeys.length > 0 && <OfferedKeys keys={offeredKeys} region={region} chosen={masterKey} onUse={use} />}
    </div>
  )
}
