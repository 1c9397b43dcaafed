import type { UseFormReturn } from 'react-hook-form'
import type { EnvironmentInput, EnvironmentSettings } from '#lib/environment/schema.ts'

export type EnvironmentFormApi = UseFormReturn<EnvironmentInput, unknown, EnvironmentSettings>

/** What a person changed by a click elsewhere than in the field counts like typing in it. */
export const asTyped = { shouldDirty: true, shouldTouch: true, shouldValidate: true }

/** The key's own error depends on the Region, so it is decided again with it. */
export function setRegion(form: EnvironmentFormApi, region: string): void {
  form.setValue('region', region, asTyped)
  if (form.getValues('masterKey') !== '') void form.trigger('masterKey')
}
