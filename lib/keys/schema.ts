import { z } from 'zod'
import { findRegion, type Partition } from '#lib/aws/schema.ts'

/**
 * What a person may type for a KMS key, as AWS's `KeyId` parameter takes it
 * (AWS KMS API reference, "KeyId": key ID, key ARN, alias name, alias ARN).
 */
export type KeyIdentifier =
  | { readonly kind: 'key-id'; readonly value: string; readonly multiRegion: boolean }
  | { readonly kind: 'alias'; readonly value: string }
  | {
      readonly kind: 'key-arn' | 'alias-arn'
      readonly value: string
      readonly partition: Partition
      readonly region: string
      readonly account: string
    }

export type KeyIdentifierProblem =
  | 'empty'
  | 'malformed'
  | 'wrong-service'
  | 'alias-without-prefix'
  | 'aws-managed-alias'
  | 'unknown-region'
  | 'wrong-partition'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const multiRegionId = /^mrk-[0-9a-f]{32}$/
const aliasName = /^alias\/[a-zA-Z0-9/_-]{1,250}$/
const arn = /^arn:(?<partition>[a-z-]*):(?<service>[a-z0-9-]*):(?<region>[a-z0-9-]*):(?<account>\d*):(?<resource>.+)$/

// White space of every kind, invisible characters (zero-width spaces and joiners, marks of writing direction), quotes.
const around = '\\s\\u00ad\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069"\'`“”„‘’‚«»‹›'
const before = new RegExp(`^[${around}]+`)
const after = new RegExp(`[${around},;]+$`)

/** Removes what a paste brings along around the value; a comma or semicolon too, where it follows. */
export function tidyKeyIdentifier(typed: string): string {
  return typed.replace(before, '').replace(after, '')
}

/** Never throws, whatever was typed. The same function decides in the browser and on the server. */
export function parseKeyIdentifier(
  typed: string,
): { ok: true; key: KeyIdentifier } | { ok: false; problem: KeyIdentifierProblem; message: string } {
  const value = tidyKeyIdentifier(typed)
  const no = (problem: KeyIdentifierProblem, message: string) => ({ ok: false as const, problem, message })
  if (value === '') return no('empty', 'Enter the key ARN, key ID or alias of your AWS KMS key.')

  if (uuid.test(value)) return { ok: true, key: { kind: 'key-id', value, multiRegion: false } }
  if (multiRegionId.test(value)) return { ok: true, key: { kind: 'key-id', value, multiRegion: true } }
  if (value.startsWith('alias/')) {
    if (value.startsWith('alias/aws/')) return no('aws-managed-alias', awsManaged)
    return aliasName.test(value)
      ? { ok: true, key: { kind: 'alias', value } }
      : no('malformed', 'An alias holds only letters, digits, “/”, “_” and “-” after “alias/”.')
  }
  if (!value.startsWith('arn:')) {
    return /^[a-zA-Z][a-zA-Z0-9/_-]{0,249}$/.test(value)
      ? no('alias-without-prefix', `If this is an alias, write it as “alias/${value}”.`)
      : no('malformed', 'This is not a key ARN, a key ID or an alias.')
  }

  const parts = arn.exec(value)?.groups
  if (!parts) return no('malformed', 'This ARN is incomplete. A key ARN reads arn:aws:kms:REGION:ACCOUNT:key/KEY-ID.')
  const { partition = '', service = '', region = '', account = '', resource = '' } = parts
  if (service !== 'kms') return no('wrong-service', `This ARN belongs to “${service}”, not to AWS KMS.`)
  const known = findRegion(region)
  if (!known) return no('unknown-region', `“${region}” is not an AWS Region.`)
  if (known.partition !== partition) {
    return no(
      'wrong-partition',
      `Region ${region} is in partition “${known.partition}”, but the ARN says “${partition}”.`,
    )
  }
  if (!/^\d{12}$/.test(account)) return no('malformed', 'The account in this ARN is not twelve digits.')
  const place = { value, partition: known.partition, region, account }
  const keyId = resource.startsWith('key/') ? resource.slice(4) : undefined
  if (keyId !== undefined) {
    return uuid.test(keyId) || multiRegionId.test(keyId)
      ? { ok: true, key: { kind: 'key-arn', ...place } }
      : no('malformed', 'The key ID at the end of this ARN is not complete.')
  }
  if (resource.startsWith('alias/aws/')) return no('aws-managed-alias', awsManaged)
  return aliasName.test(resource)
    ? { ok: true, key: { kind: 'alias-arn', ...place } }
    : no('malformed', 'This ARN names neither a key nor an alias.')
}

const awsManaged =
  'This is a key that AWS manages (alias/aws/…). Its policy cannot be changed, so you would not control it. Use a customer managed key.'

/** The Region a typed key says it is in; undefined when it does not say (key ID, alias). */
export function regionOf(key: KeyIdentifier): string | undefined {
  return key.kind === 'key-arn' || key.kind === 'alias-arn' ? key.region : undefined
}

export function regionMismatch(keyRegion: string, region: string): string {
  return `This key is in ${keyRegion}, but the Region chosen above is ${region}. They must be the same.`
}

/** Every check, in the order in which it is shown. */
export const checkIds = [
  'credentials',
  'key.describe',
  'key.usable',
  'key.encrypt',
  'key.decrypt',
  'key.context',
  'bucket.write',
  'bucket.read',
  'bucket.delete',
] as const
export type CheckId = (typeof checkIds)[number]

/** What each is called as long as it has not failed. */
export const checkTitles: Readonly<Record<CheckId, string>> = {
  credentials: 'Credentials resolve',
  'key.describe': 'Key found',
  'key.usable': 'Key enabled, symmetric, for encrypting',
  'key.encrypt': 'Encrypt',
  'key.decrypt': 'Decrypt',
  'key.context': 'Wrong context is refused',
  'bucket.write': 'Write an object',
  'bucket.read': 'Read it back',
  'bucket.delete': 'Delete it',
}

export const checkSchema = z.object({
  id: z.enum(checkIds),
  title: z.string(),
  status: z.enum(['passed', 'failed', 'warning', 'skipped']),
  /** Why it failed: AWS said no, nobody answered, or what was given can never work. */
  kind: z.enum(['refused', 'unreachable', 'invalid']).optional(),
  detail: z.string(),
  cause: z.string().optional(),
  fix: z.string().optional(),
  /** Something to copy that carries the fix out: a policy statement or a command. */
  remedy: z.object({ label: z.string(), text: z.string() }).optional(),
  awsCode: z.string().optional(),
  awsMessage: z.string().optional(),
  awsRequestId: z.string().optional(),
  durationMs: z.number(),
})
export type Check = z.infer<typeof checkSchema>

export const checkReportSchema = z.object({
  /** True when no check failed. Warnings and skipped checks do not count. */
  ok: z.boolean(),
  /** As KMS returned it; null when the key was never found. */
  keyArn: z.string().nullable(),
  region: z.string(),
  durationMs: z.number(),
  checks: z.array(checkSchema),
})
export type CheckReport = z.infer<typeof checkReportSchema>
