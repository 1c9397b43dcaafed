import type { Revision } from './access.ts'
import { enteredIn, furtherKeysOf, usesKms } from './revision-row.ts'
import type { EnvironmentSettings } from './schema.ts'

/** What decides where settings lead: a label changes nothing. */
const compared = [
  'region',
  'method',
  'masterKey',
  'hosted',
  'bucket',
  'prefix',
  'credentials',
  'accessKeyId',
  'roleArn',
  'kmsEndpoint',
  's3Endpoint',
] as const

/** Whether settings lead to the same keys and bucket, by the same way, as a saved revision. */
export function sameAsSaved(saved: Revision, settings: EnvironmentSettings, bucket: string): boolean {
  const entered = enteredIn(settings, bucket)
  const typed = (keys: readonly { typed: string }[]) => JSON.stringify(keys.map((key) => key.typed))
  const furtherKeys = usesKms(settings) ? settings.furtherKeys : []
  return compared.every((name) => saved[name] === entered[name]) && typed(furtherKeysOf(saved)) === typed(furtherKeys)
}
