import { z } from 'zod'
import { maybe } from '#lib/address-bar.ts'
import { endpointMistake, findRegion } from '#lib/aws/schema.ts'
import { type CheckReport, parseKeyIdentifier, regionMismatch, regionOf, tidyKeyIdentifier } from '#lib/keys/schema.ts'
import { noControlCharacters } from '#lib/plain-text.ts'

export const encryptionMethods = ['AWS-KMS', 'AES-256'] as const
export const credentialKinds = ['default', 'access-key', 'assume-role'] as const
/** Besides the master key. */
export const mostFurtherKeys = 4

// Amazon S3 user guide, "General purpose bucket naming rules".
const bucketName = /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

const optionalText = (max: number) =>
  z.string().trim().max(max, `At most ${max} characters.`).regex(noControlCharacters, 'No control characters.')

const keyIdentifier = z.string().max(2048, 'At most 2,048 characters.').transform(tidyKeyIdentifier)

// IAM user guide, "IAM identifiers": a path and a name of at most 64 characters.
const roleArn = /^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[\x21-\x7e]{1,510}\/)?[\w+=,.@-]{1,64}$/

const shownSchema = z
  .object({
    storageType: z.literal('s3'),
    region: z.string().refine((id) => findRegion(id) !== undefined, 'Choose a Region.'),
    encrypt: z.boolean(),
    method: z.enum(encryptionMethods),
    masterKey: keyIdentifier,
    /** Keys under which each backup is wrapped as well: in another Region, or kept for an emergency. */
    furtherKeys: z
      .array(z.object({ typed: keyIdentifier }))
      .max(mostFurtherKeys, `At most ${mostFurtherKeys} further keys.`),
    hosted: z.boolean(),
    label: optionalText(100),
    bucket: z.string().trim(),
    prefix: optionalText(512),
    credentials: z.enum(credentialKinds),
    accessKeyId: z.string().trim(),
    secretAccessKey: z.string().trim().max(256, 'At most 256 characters.'),
    sessionToken: z.string().trim().max(4096, 'At most 4,096 characters.'),
    roleArn: z.string().trim().max(2048, 'At most 2,048 characters.'),
    /** Empty: AWS's own address. Which others are allowed is the server's to say. */
    kmsEndpoint: z.string().trim().max(2048, 'At most 2,048 characters.'),
    s3Endpoint: z.string().trim().max(2048, 'At most 2,048 characters.'),
  })
  .superRefine((value, context) => {
    const issue = (path: keyof typeof value, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (value.encrypt && value.method === 'AWS-KMS') {
      const parsed = parseKeyIdentifier(value.masterKey)
      if (!parsed.ok) issue('masterKey', parsed.message)
      else {
        const keyRegion = regionOf(parsed.key)
        if (keyRegion && keyRegion !== value.region && findRegion(value.region)) {
          issue('masterKey', regionMismatch(keyRegion, value.region))
        }
      }
      value.furtherKeys.forEach(({ typed }, index) => {
        const message = furtherKeyProblem(value, index, typed)
        if (message) context.addIssue({ code: 'custom', path: ['furtherKeys', index, 'typed'], message })
      })
    }
    if (!value.hosted) {
      if (!bucketName.test(value.bucket)) {
        issue('bucket', 'Enter a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens.')
      }
      if (/(^|\/)\.{1,2}(\/|$)|\/\/|^\/|[^\x20-\x7e]/.test(value.prefix)) {
        issue('prefix', 'A prefix is plain text such as “console/backups”, with no leading “/”, “//”, “.” or “..”.')
      }
      if (value.credentials === 'access-key' && !/^[A-Z0-9]{16,128}$/.test(value.accessKeyId)) {
        issue('accessKeyId', 'An access key ID is 16 or more capital letters and digits, such as AKIAIOSFODNN7EXAMPLE.')
      }
      if (value.credentials === 'assume-role' && !roleArn.test(value.roleArn)) {
        issue('roleArn', 'A role ARN reads arn:aws:iam::ACCOUNT:role/NAME.')
      }
    }
  })

const switches = z.object({
  encrypt: z.boolean(),
  method: z.enum(encryptionMethods),
  hosted: z.boolean(),
  credentials: z.enum(credentialKinds),
})

/** What a switch hides is as a revision keeps it (`rowOf`): empty. It must not be what keeps a page from saving. */
function withoutHidden(settings: z.input<typeof shownSchema>): z.input<typeof shownSchema> {
  // A program may have sent anything; what this is not about the schema refuses.
  const { data } = switches.safeParse(settings)
  if (!data) return settings
  const { encrypt, method, hosted } = data
  const credentials = hosted ? 'default' : data.credentials
  return {
    ...settings,
    ...((!encrypt || method !== 'AWS-KMS') && { masterKey: '', furtherKeys: [] }),
    ...(hosted && { label: '', bucket: '', prefix: '', credentials, kmsEndpoint: '', s3Endpoint: '' }),
    ...(credentials !== 'access-key' && { accessKeyId: '', secretAccessKey: '', sessionToken: '' }),
    ...(credentials !== 'assume-role' && { roleArn: '' }),
  }
}

/**
 * One schema for the form, the server and the command line.
 * Secrets are write-only: an empty `secretAccessKey` keeps the stored one, and none is ever sent to a browser.
 */
export const environmentSchema = z.preprocess(withoutHidden, shownSchema)

/** The form's own, which says of endpoints what the server says: it knows which ones this console allows. */
export function environmentFormSchema(allowedEndpoints: readonly string[]) {
  return environmentSchema.superRefine((settings, context) => {
    if (settings.hosted) return
    for (const service of ['kms', 's3'] as const) {
      const name = `${service}Endpoint` as const
      const message = endpointMistake(settings[name], service, settings.region, allowedEndpoints)
      if (message) context.addIssue({ code: 'custom', path: [name], message })
    }
  })
}

/** A further key may be in another Region, but only of the same partition: credentials end at its border. */
function furtherKeyProblem(
  { masterKey, furtherKeys, region }: { masterKey: string; furtherKeys: { typed: string }[]; region: string },
  index: number,
  typed: string,
): string | undefined {
  const parsed = parseKeyIdentifier(typed)
  if (!parsed.ok) return parsed.message
  const others = [masterKey, ...furtherKeys.slice(0, index).map((one) => one.typed)]
  if (others.includes(typed)) return 'This key is already in the list.'
  const keyRegion = regionOf(parsed.key)
  const [partition, here] = [keyRegion ?? region, region].map((id) => findRegion(id)?.partition)
  return partition && here && partition !== here
    ? `This key is in partition “${partition}”, but Region ${region} is in “${here}”. No credentials are good for both.`
    : undefined
}

export type EnvironmentInput = z.input<typeof environmentSchema>
export type EnvironmentSettings = z.output<typeof environmentSchema>

/** What a form starts with when nothing was ever saved. */
export const emptyEnvironment: EnvironmentInput = {
  storageType: 's3',
  region: '',
  encrypt: true,
  method: 'AWS-KMS',
  masterKey: '',
  furtherKeys: [],
  hosted: true,
  label: '',
  bucket: '',
  prefix: '',
  credentials: 'default',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  roleArn: '',
  kmsEndpoint: '',
  s3Endpoint: '',
}

/** A key that the sandbox offers to click. */
export interface OfferedKey {
  readonly arn: string
  readonly alias: string | null
  readonly region: string
  readonly usable: boolean
  /** One sentence: what it is good for, or what is wrong with it. */
  readonly about: string
}

/** A role that the sandbox offers to click. */
export type OfferedRole = Pick<OfferedKey, 'arn' | 'usable' | 'about'>

/** What there is to click in the form; nothing outside the sandbox. */
export interface Offered {
  /** Usable ones first. */
  readonly keys: readonly OfferedKey[]
  readonly roles: readonly OfferedRole[]
}

/** Complete backups that need something to stay as it is. */
export interface Dependents {
  readonly backups: number
  /** Of the source, not of the bucket. */
  readonly bytes: number
  /** When the oldest restore point was made, ISO 8601. */
  readonly oldest: string | null
}

/** Everything that Settings > Backup Environment shows. No secret in it. */
export interface EnvironmentView {
  /** Both are parts of what key policies name; they exist before the first save. */
  readonly environmentId: string
  readonly installation: string
  /** What the trust policy of a role must ask of this console. Not a secret, and not to be chosen. */
  readonly externalId: string
  readonly values: EnvironmentInput
  /** The revision these values came from; 0 when nothing was ever saved. Sent back with a save. */
  readonly revision: number
  readonly savedAt: string | null
  readonly savedBy: string | null
  /** A secret access key is stored; leaving the field empty keeps it. */
  readonly hasSecretAccessKey: boolean
  readonly keyArn: string | null
  readonly report: CheckReport | null
  /** The keys besides it, as typed and as KMS returned them. */
  readonly furtherKeys: readonly { readonly typed: string; readonly keyArn: string }[]
  /** Complete backups that lie in the bucket, and that the key opens, of the newest revision. */
  readonly dependents: { readonly bucket: Dependents; readonly key: Dependents }
  /** An older revision to start from in place of the newest: its values, and whether its secret is still stored. */
  readonly restoring: { readonly number: number; readonly values: EnvironmentInput; readonly hasSecret: boolean } | null
  /** Bucket names with `{region}` in them; null where the console hosts none. */
  readonly hostedBucket: string | null
  /** Hosts that may be named as endpoints besides AWS's own, from VAULT_ALLOWED_ENDPOINTS. */
  readonly allowedEndpoints: readonly string[]
  readonly offered: Offered
}

/** What the overview shows of it. */
export interface EnvironmentGlanceView extends Omit<EnvironmentView, 'dependents'> {
  /** Complete backups made so far. */
  readonly backups: number
}

/** The address bar of the history. Anything unknown is ignored. */
export const historyQuerySchema = z.object({
  before: maybe(z.coerce.number().int().min(1).max(2_147_483_647)),
})
export type HistoryQuery = z.infer<typeof historyQuerySchema>
export const revisionNumberSchema = z.coerce.number().int().min(1).max(2_147_483_647)

/** name → [before, after], without secrets. */
export type SettingChanges = Readonly<Record<string, readonly [string | null, string | null]>>

export interface RevisionRow {
  readonly number: number
  /** The newest: what the next backup uses. */
  readonly current: boolean
  /** ISO 8601, UTC. */
  readonly at: string
  readonly by: string
  readonly restoredFrom: number | null
  readonly region: string
  readonly method: string
  readonly masterKey: string | null
  /** How many warnings it was saved with. */
  readonly warnings: number
  /** What it changed of the one before it. */
  readonly changes: SettingChanges
}

export interface HistoryView {
  readonly rows: readonly RevisionRow[]
  readonly nextBefore: string | null
}

export interface RevisionView extends RevisionRow {
  readonly newest: number
  readonly keyArn: string | null
  readonly furtherKeys: EnvironmentView['furtherKeys']
  readonly hosted: boolean
  readonly label: string
  readonly bucket: string
  readonly prefix: string
  readonly credentials: string
  readonly accessKeyId: string | null
  readonly roleArn: string | null
  readonly kmsEndpoint: string | null
  readonly s3Endpoint: string | null
  /** What restoring it would change of the newest. */
  readonly differenceToNewest: SettingChanges
  readonly report: CheckReport
}

/** One value that is in force, where it came from, and what else said something of it. */
export interface EffectiveValue {
  readonly name: 'Region' | 'Credentials' | 'KMS endpoint' | 'S3 endpoint' | 'Master key' | 'Bucket' | 'Prefix'
  /** Null where there is none. Nothing secret. */
  readonly value: string | null
  /** `this form`, `AWS_PROFILE` …: to stand after “from”. */
  readonly source: string
  /** What is set as well, and not used. */
  readonly shadows: readonly { readonly source: string; readonly value: string }[]
}

/** What the newest revision comes to on this host, now. */
export interface EffectiveConfiguration {
  readonly revision: number
  readonly values: readonly EffectiveValue[]
  /** Who AWS says this is; or why that is not known. */
  readonly caller: { readonly arn: string } | { readonly problem: string }
  /** The host's default chain feeds the environment and the seal alike. */
  readonly sharedWithSeal: boolean
}
