import { z } from 'zod'
import { findRegion } from '#lib/aws/schema.ts'
import { type CheckReport, parseKeyIdentifier, regionMismatch, regionOf, tidyKeyIdentifier } from '#lib/keys/schema.ts'

export const encryptionMethods = ['AWS-KMS', 'AES-256'] as const

// Amazon S3 user guide, "General purpose bucket naming rules".
const bucketName = /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

const optionalText = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `At most ${max} characters.`)
    .regex(/^\P{Cc}*$/u, 'No control characters.')

/**
 * One schema for the form, the server and the command line.
 * Secrets are write-only: an empty `secretAccessKey` keeps the stored one, and none is ever sent to a browser.
 */
export const environmentSchema = z
  .object({
    storageType: z.literal('s3'),
    region: z.string().refine((id) => findRegion(id) !== undefined, 'Choose a Region.'),
    encrypt: z.boolean(),
    method: z.enum(encryptionMethods),
    masterKey: z.string().max(2048, 'At most 2,048 characters.').transform(tidyKeyIdentifier),
    hosted: z.boolean(),
    label: optionalText(100),
    bucket: z.string().trim(),
    prefix: optionalText(512),
    credentials: z.enum(['default', 'access-key']),
    accessKeyId: z.string().trim(),
    secretAccessKey: z.string().trim().max(256, 'At most 256 characters.'),
    sessionToken: z.string().trim().max(4096, 'At most 4,096 characters.'),
    /** Set once the person has confirmed what it means to write backups unencrypted. */
    unencryptedConfirmed: z.boolean(),
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
    }
  })

export type EnvironmentInput = z.input<typeof environmentSchema>
export type EnvironmentSettings = z.output<typeof environmentSchema>

/** What a form starts with when nothing was ever saved. */
export const emptyEnvironment: EnvironmentInput = {
  storageType: 's3',
  region: '',
  encrypt: true,
  method: 'AWS-KMS',
  masterKey: '',
  hosted: true,
  label: '',
  bucket: '',
  prefix: '',
  credentials: 'default',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  unencryptedConfirmed: false,
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

/** Everything that Settings > Backup Environment shows. No secret in it. */
export interface EnvironmentView {
  readonly values: EnvironmentInput
  /** The revision these values came from; 0 when nothing was ever saved. Sent back with a save. */
  readonly revision: number
  readonly savedAt: string | null
  readonly savedBy: string | null
  /** A secret access key is stored; leaving the field empty keeps it. */
  readonly hasSecretAccessKey: boolean
  readonly keyArn: string | null
  readonly report: CheckReport | null
  /** Complete backups made so far: they stay under the key they were made with. */
  readonly backups: number
  /** Bucket names with `{region}` in them; null where the console hosts none. */
  readonly hostedBucket: string | null
  /** Sandbox keys, usable ones first; empty outside the sandbox. */
  readonly offeredKeys: readonly OfferedKey[]
}

export type SaveEnvironmentResult =
  | { readonly status: 'success'; readonly revision: number; readonly report: CheckReport }
  | {
      readonly status: 'error'
      readonly message: string
      readonly fieldErrors?: Readonly<Partial<Record<keyof EnvironmentInput, string>>>
      readonly report?: CheckReport
    }
export type TestKeyResult =
  | { readonly status: 'success'; readonly report: CheckReport }
  | Extract<SaveEnvironmentResult, { status: 'error' }>
