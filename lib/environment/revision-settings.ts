import type { Revision } from './access.ts'
import { furtherKeysOf } from './revision-row.ts'
import { type EnvironmentInput, emptyEnvironment } from './schema.ts'

/** A revision as the form holds it. Secrets stay where they are. */
export function settingsOf(revision: Revision): EnvironmentInput {
  const { credentials, hosted } = revision
  return {
    ...emptyEnvironment,
    region: revision.region,
    encrypt: revision.method !== 'none',
    method: revision.method === 'AES-256' ? 'AES-256' : 'AWS-KMS',
    masterKey: revision.masterKey ?? '',
    furtherKeys: furtherKeysOf(revision).map(({ typed }) => ({ typed })),
    hosted,
    label: revision.label,
    bucket: hosted ? '' : revision.bucket,
    prefix: revision.prefix,
    credentials: credentials === 'access-key' || credentials === 'assume-role' ? credentials : 'default',
    accessKeyId: revision.accessKeyId ?? '',
    roleArn: revision.roleArn ?? '',
    kmsEndpoint: revision.kmsEndpoint ?? '',
    s3Endpoint: revision.s3Endpoint ?? '',
  }
}
