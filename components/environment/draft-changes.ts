import type { EnvironmentInput, SettingChanges } from '#lib/environment/schema.ts'
import { tidyKeyIdentifier } from '#lib/keys/schema.ts'

/** What saving the form would change of what is saved; fields that do not count in either are left out. */
export function draftChanges(
  saved: EnvironmentInput,
  draft: EnvironmentInput,
  hostedBucket: string | null,
): SettingChanges {
  const [before, after] = [counting(saved, hostedBucket), counting(draft, hostedBucket)]
  const changed: Record<string, readonly [string | null, string | null]> = {}
  for (const [name, is] of Object.entries(after)) {
    const was = before[name] ?? null
    if (was !== is) changed[name] = [was, is]
  }
  if (
    !draft.hosted &&
    draft.credentials === 'access-key' &&
    !['', saved.secretAccessKey].includes(draft.secretAccessKey)
  )
    changed.secretAccessKey = [null, 'entered']
  return changed
}

function counting(values: EnvironmentInput, hostedBucket: string | null): Record<string, string | null> {
  const { encrypt, method, hosted, credentials } = values
  const kms = encrypt && method === 'AWS-KMS'
  const own = <T>(value: T) => (hosted ? null : value)
  return {
    region: values.region || null,
    method: encrypt ? method : 'none',
    masterKey: kms ? tidyKeyIdentifier(values.masterKey) || null : null,
    furtherKeys: (kms && values.furtherKeys.map(({ typed }) => tidyKeyIdentifier(typed)).join(', ')) || null,
    hosted: String(hosted),
    label: own(values.label.trim()) || null,
    bucket: hosted ? (hostedBucket?.replaceAll('{region}', values.region) ?? null) : values.bucket.trim() || null,
    prefix: own(values.prefix.trim()) || null,
    credentials: own(credentials) ?? 'default',
    accessKeyId: (own(credentials) === 'access-key' && values.accessKeyId.trim()) || null,
    roleArn: (own(credentials) === 'assume-role' && values.roleArn.trim()) || null,
    kmsEndpoint: own(values.kmsEndpoint.trim()) || null,
    s3Endpoint: own(values.s3Endpoint.trim()) || null,
  }
}
