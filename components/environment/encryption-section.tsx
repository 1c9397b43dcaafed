import { lazy, Suspense, useState } from 'react'
import { useWatch } from 'react-hook-form'
import { Card } from '#components/ui/card.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import type { OfferedKey } from '#lib/environment/schema.ts'
import { asTyped, type EnvironmentFormApi } from './form-type.ts'
import { MasterKeyField } from './master-key-field.tsx'

// Few people ever see it, so its script comes with the question.
const AlertDialog = lazy(() => import('#components/ui/alert-dialog.tsx'))

const methods = [
  { value: 'AWS-KMS', label: 'AWS-KMS', about: 'Your own key in AWS KMS' },
  { value: 'AES-256', label: 'AES-256', about: 'A key kept by this Vault' },
]

export function EncryptionSection({
  form,
  offeredKeys,
}: {
  form: EnvironmentFormApi
  offeredKeys: readonly OfferedKey[]
}) {
  const [asking, setAsking] = useState(false)
  const [encrypt, method] = useWatch({ control: form.control, name: ['encrypt', 'method'] })

  function setEncrypt(on: boolean, confirmed = false) {
    form.setValue('encrypt', on, asTyped)
    form.setValue('unencryptedConfirmed', confirmed)
    setAsking(!on && !confirmed)
  }

  return (
    <Card title="Encryption" hint="Data is encrypted here, before it leaves for S3.">
      <div className="space-y-4">
        <Checkbox
          label="Automatically Encrypt data stored in Vault"
          help={encrypt ? undefined : 'Off: new backups are written to the bucket as they are.'}
          error={form.formState.errors.encrypt?.message}
          {...form.register('encrypt', { onChange: (event) => setEncrypt(event.target.checked) })}
        />
        {encrypt && <RadioGroup legend="Encryption method" options={methods} {...form.register('method')} />}
        {encrypt && method === 'AWS-KMS' && <MasterKeyField form={form} offeredKeys={offeredKeys} />}
        {encrypt && method === 'AES-256' && (
          <p className="text-sm text-ink-2">
            This Vault makes the key and keeps it in its data folder. Whoever runs this Vault can open these backups;
            with AWS-KMS you can take that away.
          </p>
        )}
      </div>
      {asking && (
        <Suspense>
          <AlertDialog
            open
            title="Write backups unencrypted?"
            confirm="Turn encryption off"
            cancel="Keep encryption"
            onConfirm={() => setEncrypt(false, true)}
            onCancel={() => setEncrypt(true)}
          >
            <p>
              New backups will be written to the bucket as readable files. Anybody who can read the bucket can read
              them, and no key protects them: disabling or deleting your key changes nothing.
            </p>
            <p>Backups made so far stay encrypted. Every page says that encryption is off until it is on again.</p>
          </AlertDialog>
        </Suspense>
      )}
    </Card>
  )
}
