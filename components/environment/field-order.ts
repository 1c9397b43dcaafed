import type { Path } from 'react-hook-form'
import { type EnvironmentInput, mostFurtherKeys } from '#lib/environment/schema.ts'

/** In the order of the page, which is the order in which errors take the focus. */
export function fieldNames(furtherKeys: number): Path<EnvironmentInput>[] {
  const further = Array.from({ length: furtherKeys }, (_, index) => `furtherKeys.${index}.typed` as const)
  return [
    'region',
    'encrypt',
    'method',
    'masterKey',
    ...further,
    'hosted',
    'label',
    'bucket',
    'prefix',
    'accessKeyId',
    'secretAccessKey',
    'sessionToken',
    'roleArn',
    'kmsEndpoint',
    's3Endpoint',
  ]
}

/** Those of these names that are fields, in the order of the page. */
export function inPageOrder(names: readonly string[]): Path<EnvironmentInput>[] {
  return fieldNames(mostFurtherKeys).filter((field) => names.includes(field))
}
