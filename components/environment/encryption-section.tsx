import { lazy, Suspense, useState } from 'react'
import { useWatch } from 'react-hook-form'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import type { EnvironmentView, OfferedKey } from '#lib/environment/schema.ts'
import type { CheckReport } from '#lib/keys/schema.ts'
import { asTyped, type EnvironmentFormApi, setRegion } from './form-type.ts'
import { FurtherKeys } from './further-keys.tsx'
import { KeyField } from './key-field.tsx'
import { OfferedList } from './offered-list.tsx'

// The reader of stanzas comes with the question.
const PasteStanza = lazy(() => import('./paste-stanza.tsx'))

const methods = [
  { value: 'AWS-KMS', label: 'AWS-KMS', about: 'Your own key in AWS KMS' },
  { value: 'AES-256', label: 'AES-256', about: 'A key kept by this Vault' },
]

interface Props {
  form: EnvironmentFormApi
  disabled: boolean
  view: Pick<EnvironmentView, 'offered' | 'values' | 'keyArn' | 'furtherKeys'>
  report: CheckReport | null
}

export function EncryptionSection({ form, disabled, view, report }: Props) {
  const [pasting, setPasting] = useState(false)
  const [filled, setFilled] = useState('')
  const [encrypt, method, masterKey, region] = useWatch({
    control: form.control,
    name: ['encrypt', 'method', 'masterKey', 'region'],
  })
  const [mainKey, ...others] = report?.keys ?? []

  function use(key: OfferedKey) {
    form.setValue('masterKey', key.arn, asTyped)
    if (form.getValues('region') === '') setRegion(form, key.region)
  }

  return (
    <Card title="Encryption" hint="Data is encrypted here, before it leaves for S3.">
      <div className="space-y-4">
        <Checkbox
          label="Automatically Encrypt data stored in Vault"
          help={
            encrypt
              ? undefined
              : 'Off: new backups are written to the bucket as they are. Whoever can read the bucket can read them, and no key protects them. Backups made so far stay encrypted.'
          }
          error={form.formState.errors.encrypt?.message}
          {...form.register('encrypt')}
        />
        {encrypt && <RadioGroup legend="Encryption method" options={methods} {...form.register('method')} />}
        {encrypt && method === 'AWS-KMS' && (
          <>
            <KeyField
              form={form}
              name="masterKey"
              label="Master Key"
              sameRegion
              saved={{ typed: view.values.masterKey, keyArn: view.keyArn }}
              checked={mainKey}
              help={
                <>
                  Key ARN, key ID or alias. Needs only <code>kms:DescribeKey</code>, <code>kms:Encrypt</code> and{' '}
                  <code>kms:Decrypt</code>.
                </>
              }
            />
            {!disabled && view.offered.keys.length > 0 && (
              <OfferedList
                title="Sandbox keys"
                rows={fittingFirst(view.offered.keys, region)}
                chosen={masterKey}
                onUse={use}
              />
            )}
            <FurtherKeys form={form} disabled={disabled} saved={view.furtherKeys} checked={others} />
            {!disabled && (
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-t border-line pt-4">
                <Button size="small" onClick={() => setPasting(true)}>
                  Paste a seal stanza
                </Button>
                <p role="status" className="min-w-0 flex-1 basis-60 text-sm text-ink-3 wrap-anywhere">
                  {filled || 'Fills the form from the configuration of a HashiCorp Vault.'}
                </p>
              </div>
            )}
          </>
        )}
        {encrypt && method === 'AES-256' && (
          <p className="text-sm text-ink-2">
            This Vault makes the key and keeps it in its database, wrapped by the seal. Whoever runs this Vault can open
            these backups; with AWS-KMS you can take that away.
          </p>
        )}
      </div>
      {pasting && (
        <Suspense>
          <PasteStanza
            form={form}
            onDone={(told) => {
              setPasting(false)
              if (told !== undefined) setFilled(told)
            }}
          />
        </Suspense>
      )}
    </Card>
  )
}

/** Those that work before the others, and of each those of the chosen Region. */
function fittingFirst(keys: readonly OfferedKey[], region: string): OfferedKey[] {
  const rank = (key: OfferedKey) => (key.usable ? 0 : 2) + (key.region === region ? 0 : 1)
  return [...keys].sort((a, b) => rank(a) - rank(b))
}
