import type { UseFormReturn } from 'react-hook-form'
import type { EnvironmentInput, EnvironmentSettings } from '#lib/environment/schema.ts'

export type EnvironmentFormApi = UseFormReturn<EnvironmentInput, unknown, EnvironmentSettings>

/** A field that holds a key. */
export type KeyName = 'masterKey' | `furtherKeys.${number}.typed`

/** What a person changed by a click elsewhere than in the field counts like typing in it. */
export const asTyped = { shouldDirty: true, shouldTouch: true, shouldValidate: true }

/** The keys' own errors depend on the Region, so they are decided again with it. */
export function setRegion(form: EnvironmentFormApi, region: string): void {
  form.setValue('region', region, asTyped)
  const { masterKey, furtherKeys } = form.getValues()
  if (masterKey !== '') void form.trigger('masterKey')
  if (furtherKeys.some(({ typed }) => typed !== '')) void form.trigger('furtherKeys')
}
