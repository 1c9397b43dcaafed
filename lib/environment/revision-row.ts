import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import type { CheckReport } from '#lib/keys/schema.ts'
import type { Revision } from './access.ts'
import type { EnvironmentSettings } from './schema.ts'
import { hasSecret } from './stored-secret.ts'

const furtherKeys = z.array(z.object({ typed: z.string(), keyArn: z.string() }))

/** The keys besides the master key, as a revision's row holds them. */
export function furtherKeysOf(row: Pick<Revision, 'furtherKeys'> | undefined): z.infer<typeof furtherKeys> {
  return row ? furtherKeys.parse(row.furtherKeys) : []
}

/** Every key ARN that new backups of a revision are wrapped under; none but for method `AWS-KMS`. */
export function keyArnsOf(row: Pick<Revision, 'keyArn' | 'furtherKeys'>): string[] {
  return [...new Set([row.keyArn, ...furtherKeysOf(row).map(({ keyArn }) => keyArn)])].filter((arn) => arn !== null)
}

export const usesKms = ({ encrypt, method }: EnvironmentSettings) => encrypt && method === 'AWS-KMS'

/** What a revision's row says of settings whose check passed: only what counts, so that two rows compare. */
export function rowOf(settings: EnvironmentSettings, report: CheckReport, bucket: string) {
  const kms = usesKms(settings)
  return {
    ...enteredIn(settings, bucket),
    keyArn: kms ? report.keyArn : null,
    furtherKeys: kms ? resolved(settings, report) : [],
  }
}
export type RevisionRow = ReturnType<typeof rowOf>

/** The part of such a row that no check is needed for: what a person entered, as far as it counts. */
export function enteredIn(settings: EnvironmentSettings, bucket: string) {
  const own = !settings.hosted
  const credentials = own ? settings.credentials : 'default'
  return {
    storageType: settings.storageType,
    region: settings.region,
    method: settings.encrypt ? settings.method : 'none',
    masterKey: usesKms(settings) ? settings.masterKey : null,
    hosted: settings.hosted,
    label: own ? settings.label : '',
    bucket,
    prefix: own ? settings.prefix : '',
    credentials,
    accessKeyId: credentials === 'access-key' ? settings.accessKeyId : null,
    roleArn: credentials === 'assume-role' ? settings.roleArn : null,
    kmsEndpoint: (own && settings.kmsEndpoint) || null,
    s3Endpoint: (own && settings.s3Endpoint) || null,
  }
}

function resolved({ furtherKeys }: EnvironmentSettings, report: CheckReport): { typed: string; keyArn: string }[] {
  return furtherKeys.map(({ typed }, index) => {
    const keyArn = report.keys?.[index + 1]?.keyArn
    if (!keyArn) throw new AppError('invalid', `The check passed, but KMS gave no ARN for ${typed}.`)
    return { typed, keyArn }
  })
}

const columns = [
  'storageType',
  'region',
  'method',
  'masterKey',
  'keyArn',
  'hosted',
  'label',
  'bucket',
  'prefix',
  'credentials',
  'accessKeyId',
  'roleArn',
  'kmsEndpoint',
  's3Endpoint',
] as const satisfies (keyof RevisionRow & keyof Revision)[]

/** name → [before, after], as the audit row and the history show it. */
export type Changes = Record<string, [string | null, string | null]>

/** What differs between two rows, without anything secret. `before` is undefined for the first revision. */
export function changesBetween(
  before: Revision | undefined,
  after: Pick<Revision, (typeof columns)[number] | 'furtherKeys'>,
  secret: 'replaced' | 'same' = 'same',
): Changes {
  const changed = columns
    .map((name): [string, [string | null, string | null]] => [name, [text(before?.[name]), text(after[name])]])
    .filter(([, [was, is]]) => was !== is && !(was === null && is === ''))
  const keys = (row: Pick<Revision, 'furtherKeys'> | undefined) =>
    furtherKeysOf(row)
      .map(({ typed, keyArn }) => (typed === keyArn ? typed : `${typed} (${keyArn})`))
      .join(', ') || null
  const [was, is] = [keys(before), keys(after)]
  if (was !== is) changed.push(['furtherKeys', [was, is]])
  if (secret === 'replaced') changed.push(['secretAccessKey', [hasSecret(before) ? 'stored' : null, 'replaced']])
  return Object.fromEntries(changed)
}

const text = (value: string | boolean | null | undefined) =>
  value === undefined || value === null ? null : String(value)
