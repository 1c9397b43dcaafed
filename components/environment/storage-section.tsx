import { Controller } from 'react-hook-form'
import { Card } from '#components/ui/card.tsx'
import { SearchableSelect } from '#components/ui/searchable-select.tsx'
import { Select } from '#components/ui/select.tsx'
import { regions } from '#lib/aws/schema.ts'
import { type EnvironmentFormApi, setRegion } from './form-type.ts'

const choices = regions.map((region) => ({ value: region.id, label: `${region.id} — ${region.name}` }))

export function StorageSection({ form, disabled }: { form: EnvironmentFormApi; disabled: boolean }) {
  return (
    <Card title="Storage Environment" hint="Where encrypted backups are written.">
      <div className="grid gap-4 sm:grid-cols-2">
        <Select label="Storage type" {...form.register('storageType')}>
          <option value="s3">AWS S3</option>
        </Select>
        <Controller
          control={form.control}
          name="region"
          render={({ field, fieldState }) => (
            <SearchableSelect
              label="Region"
              choices={choices}
              value={field.value}
              placeholder="Choose a Region"
              error={fieldState.error?.message}
              disabled={disabled}
              ref={field.ref}
              onChange={(region) => setRegion(form, region)}
              onBlur={field.onBlur}
            />
          )}
        />
      </div>
    </Card>
  )
}
