/** What each setting is called on the page, in its order; `keyArn` is no field, but what KMS made of one. */
export const settingWords: Readonly<Record<string, string>> = {
  storageType: 'Storage type',
  region: 'Region',
  method: 'Encryption method',
  masterKey: 'Master Key',
  keyArn: 'Key ARN',
  furtherKeys: 'Further keys',
  hosted: 'AR Vault Hosted Backup Environment',
  label: 'Label',
  bucket: 'Bucket',
  prefix: 'Prefix',
  credentials: 'Credentials',
  accessKeyId: 'Access key ID',
  secretAccessKey: 'Secret access key',
  roleArn: 'Role ARN',
  kmsEndpoint: 'KMS endpoint',
  s3Endpoint: 'S3 endpoint',
}

const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  storageType: { s3: 'AWS S3' },
  method: { none: 'none: unencrypted' },
  hosted: { true: 'on', false: 'off' },
  credentials: { default: 'of this console', 'access-key': 'access key', 'assume-role': 'assumed role' },
}

export function wordOf(name: string, value: string | null): string {
  if (value === null || value === '') return 'none'
  return values[name]?.[value] ?? value
}
