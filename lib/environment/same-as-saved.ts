import type { Revision } from './access.ts'
import { furtherKeysOf } from './revision-row.ts'
import type { EnvironmentSettings } from './schema.ts'

/** Whether settings lead to the same keys and bucket, by the same way, as a saved revision. A label changes nothing. */
export function sameAsSaved(saved: Revision, settings: EnvironmentSettings, bucket: string): boolean {
  const kms = settings.encrypt && settings.method === 'AWS-KMS'
  const own = !settings.hosted
  const credentials = own ? settings.credentials : 'default'
  const pairs: [unknown, unknown][] = [
    [saved.region, settings.region],
    [saved.method, settings.encrypt ? settings.method : 'none'],
    [saved.masterKey, kms ? settings.masterKey : null],
    [saved.hosted, settings.hosted],
    [saved.bucket, bucket],
    [saved.prefix, own ? settings.prefix : ''],
    [saved.credentials, credentials],
    [saved.accessKeyId, credentials === 'access-key' ? settings.accessKeyId : null],
    [saved.roleArn, credentials === 'assume-role' ? settings.roleArn : null],
    [saved.kmsEndpoint, (own && settings.kmsEndpoint) || null],
    [saved.s3Endpoint, (own && settings.s3Endpoint) || null],
  ]
  const typed = (keys: readonly { typed: string }[]) => JSON.stringify(keys.map((key) => key.typed))
  return (
    pairs.every(([was, is]) => was === is) && typed(furtherKeysOf(saved)) === typed(kms ? settings.furtherKeys : [])
  )
}
