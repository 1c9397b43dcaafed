import type { ReactNode } from 'react'
import { useWatch } from 'react-hook-form'
import { Card } from '#components/ui/card.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { OfferedRole } from '#lib/environment/schema.ts'
import { asTyped, type EnvironmentFormApi } from './form-type.ts'
import { OfferedList } from './offered-list.tsx'

interface Props {
  form: EnvironmentFormApi
  disabled: boolean
  hostedBucket: string | null
  secretStored: boolean
  externalId: string
  roles: readonly OfferedRole[]
  /** Who can read what, of the settings as they are in the form. */
  children?: ReactNode
}

const credentialKinds = [
  { value: 'default', label: 'Credentials of this console', about: 'Its role, profile or AWS_ variables' },
  { value: 'access-key', label: 'Access key', about: 'An ID and a secret entered here' },
  { value: 'assume-role', label: 'Assume role', about: 'A role of yours that trusts this console' },
]

export function HostingSection({ hostedBucket, children, ...props }: Props) {
  const { form } = props
  const [hosted, region] = useWatch({ control: form.control, name: ['hosted', 'region'] })
  return (
    <Card title="Hosting" hint="Whose bucket it is.">
      <Checkbox
        label="AR Vault Hosted Backup Environment"
        error={form.formState.errors.hosted?.message}
        help={
          <>
            <p>
              {hosted
                ? 'The bucket belongs to this Vault, the key to you. Revoke the key and this Vault cannot open these backups again; it does see data while backing up and restoring.'
                : 'Off: backups go to a bucket of your own.'}
            </p>
            {hostedBucket === null ? (
              <p className="mt-1">This Vault offers no bucket: untick this and name your own.</p>
            ) : (
              hosted && (
                <p className="mt-1">
                  Bucket:{' '}
                  <code className="wrap-anywhere">{hostedBucket.replace('{region}', region || '{region}')}</code>
                </p>
              )
            )}
          </>
        }
        {...form.register('hosted')}
      />
      {!hosted && <OwnBucket {...props} />}
      {children}
    </Card>
  )
}

function OwnBucket({ form, disabled, secretStored, externalId, roles }: Omit<Props, 'hostedBucket' | 'children'>) {
  const { errors } = form.formState
  const [credentials, roleArn] = useWatch({ control: form.control, name: ['credentials', 'roleArn'] })
  return (
    <div className="mt-5 space-y-4 border-t border-line pt-5">
      <TextField
        label="Label"
        help="What people here call it. Optional."
        error={errors.label?.message}
        {...form.register('label')}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Bucket" mono error={errors.bucket?.message} {...form.register('bucket')} />
        <TextField
          label="Prefix"
          mono
          help="Optional. Backups are written below it."
          error={errors.prefix?.message}
          {...form.register('prefix')}
        />
      </div>
      <RadioGroup legend="Credentials" options={credentialKinds} {...form.register('credentials')} />
      {credentials === 'access-key' && (
        <>
          <TextField label="Access key ID" mono error={errors.accessKeyId?.message} {...form.register('accessKeyId')} />
          <TextField
            label="Secret access key"
            type="password"
            autoComplete="new-password"
            mono
            help={
              secretStored
                ? 'One is stored. Leave this empty to keep it.'
                : 'Sealed when it is saved, and never shown again.'
            }
            error={errors.secretAccessKey?.message}
            {...form.register('secretAccessKey')}
          />
          <TextField
            label="Session token"
            type="password"
            autoComplete="new-password"
            mono
            help="Only for temporary credentials. Backups stop when they expire."
            error={errors.sessionToken?.message}
            {...form.register('sessionToken')}
          />
        </>
      )}
      {credentials === 'assume-role' && (
        <>
          <TextField
            label="Role ARN"
            mono
            placeholder="arn:aws:iam::…:role/…"
            help="This console assumes it with its own credentials, for key and bucket alike."
            error={errors.roleArn?.message}
            {...form.register('roleArn')}
          />
          {!disabled && roles.length > 0 && (
            <OfferedList
              title="Sandbox roles"
              rows={roles}
              chosen={roleArn}
              onUse={({ arn }) => form.setValue('roleArn', arn, asTyped)}
            />
          )}
          <div>
            <p className="font-medium">External ID</p>
            <div className="mt-1.5 flex flex-wrap items-center gap-2">
              <code className="wrap-anywhere">{externalId}</code>
              <CopyButton text={externalId} what="the external ID" />
            </div>
            <p className="mt-1.5 text-sm text-ink-3">
              Made by this console for this environment, and never changed. The role’s trust policy must ask for it, so
              that nobody else can have this console assume the role.
            </p>
          </div>
        </>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="KMS endpoint"
          mono
          placeholder="https://…"
          help="Optional: a VPC endpoint of yours."
          error={errors.kmsEndpoint?.message}
          {...form.register('kmsEndpoint')}
        />
        <TextField
          label="S3 endpoint"
          mono
          placeholder="https://…"
          help="Optional: a VPC endpoint, or another store that speaks S3."
          error={errors.s3Endpoint?.message}
          {...form.register('s3Endpoint')}
        />
      </div>
    </div>
  )
}
