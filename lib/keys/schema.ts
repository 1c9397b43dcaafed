import { z } from 'zod'
import { changers, findRegion, type Partition, remedyFormats } from '#lib/aws/schema.ts'

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
  const small = inSmallLetters(value)
  if (small) return no('malformed', `Key IDs and ARNs have small letters only. Write it as “${small}”.`)

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

/** A key ID or key ARN as KMS writes it, where only capital letters are in its way. Aliases may have some. */
function inSmallLetters(value: string): string | undefined {
  const small = value.toLowerCase()
  if (small === value) return undefined
  const id = arn.exec(small)?.groups?.resource?.replace(/^key\//, '') ?? small
  return uuid.test(id) || multiRegionId.test(id) ? small : undefined
}

const awsManaged =
  'This is a key that AWS manages (alias/aws/…). Its policy cannot be changed, so you would not control it. Use a customer managed key.'

/** The Region a typed key says it is in; undefined when it does not say (key ID, alias). */
export function regionOf(key: KeyIdentifier): string | undefined {
  return key.kind === 'key-arn' || key.kind === 'alias-arn' ? key.region : undefined
}

export function regionMismatch(keyRegion: string, region: string): string {
  return `This key is in ${keyRegion}, but the chosen Region is ${region}. They must be the same.`
}

/** Every check, in the order in which it is shown. */
export const checkIds = [
  'credentials',
  'credentials.externalId',
  'key.describe',
  'key.usable',
  'key.encrypt',
  'key.decrypt',
  'key.context',
  'key.rotation',
  'key.lastUse',
  'keys',
  'bucket.found',
  'bucket.owner',
  'bucket.write',
  'bucket.read',
  'bucket.list',
  'bucket.conditional',
  'bucket.delete',
  'bucket.versioning',
  'bucket.objectLock',
  'bucket.publicAccess',
  'bucket.tls',
  'bucket.encryption',
  'clock',
] as const
export type CheckId = (typeof checkIds)[number]

/** What each is called as long as it has not failed. */
export const checkTitles: Readonly<Record<CheckId, string>> = {
  credentials: 'Credentials resolve',
  'credentials.externalId': 'Role demands the external ID',
  'key.describe': 'Key found',
  'key.usable': 'Key enabled, symmetric, for encrypting',
  'key.encrypt': 'Encrypt',
  'key.decrypt': 'Decrypt',
  'key.context': 'Wrong context is refused',
  'key.rotation': 'Rotation',
  'key.lastUse': 'Last use',
  keys: 'More than one key works',
  'bucket.found': 'Bucket found',
  'bucket.owner': 'Owner',
  'bucket.write': 'Write an object',
  'bucket.read': 'Read it back',
  'bucket.list': 'List it',
  'bucket.conditional': 'Nothing is overwritten',
  'bucket.delete': 'Delete it',
  'bucket.versioning': 'Versioning and lifecycle',
  'bucket.objectLock': 'Object Lock',
  'bucket.publicAccess': 'Closed to the public',
  'bucket.tls': 'Transport',
  'bucket.encryption': 'Default encryption',
  clock: 'Clock agrees with AWS',
}

/**
 * Which checks a run makes, in order, before anything is known of them. `key` counts the keys from 0, the main one.
 * @param role whether the credentials are those of a role that is asked to demand the external ID
 */
export function plannedChecks(keys: number, bucket: boolean, role = false): { id: CheckId; key?: number }[] {
  const of = (start: string) => checkIds.filter((id) => id.startsWith(start))
  return [
    { id: 'credentials' },
    ...(role ? [{ id: 'credentials.externalId' as const }] : []),
    ...Array.from({ length: keys }, (_, key) => of('key.').map((id) => ({ id, key }))).flat(),
    ...(keys > 1 ? [{ id: 'keys' as const }] : []),
    ...(bucket ? of('bucket.').map((id) => ({ id })) : []),
    { id: 'clock' },
  ]
}

/** Names a check within its report. Reports from before there were several keys say no key: they mean the main one. */
export function checkName({ id, key }: { id: CheckId; key?: number | undefined }): string {
  return id.startsWith('key.') ? `${id} ${key ?? 0}` : id
}

export const remedySchema = z.object({
  /** What it is: `IAM policy` */
  label: z.string(),
  /** Where it goes, and what to mind. */
  note: z.string(),
  formats: z.array(z.object({ format: z.enum(remedyFormats), file: z.string(), text: z.string() })).min(1),
})

const checkSchema = z.object({
  id: z.enum(checkIds),
  /** Which of the keys it is about, where it is about one: 0 is the main key. */
  key: z.int().optional(),
  title: z.string(),
  status: z.enum(['passed', 'failed', 'warning', 'skipped']),
  /** Why it failed: AWS said no, nobody answered, or what was given can never work. */
  kind: z.enum(['refused', 'unreachable', 'invalid']).optional(),
  detail: z.string(),
  cause: z.string().optional(),
  who: z.enum(changers).optional(),
  fix: z.string().optional(),
  /** What carries the fix out, ready to copy. Several belong together, unless the fix says otherwise. */
  remedies: z.array(remedySchema).optional(),
  /** In reports from before `remedies`. */
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
  /** The main key’s, as KMS returned it; null when it was never found. */
  keyArn: z.string().nullable(),
  /** Every key, the main one first, as typed and as KMS returned it. Not in old reports. */
  keys: z.array(z.object({ typed: z.string(), keyArn: z.string().nullable(), region: z.string() })).optional(),
  region: z.string(),
  durationMs: z.number(),
  checks: z.array(checkSchema),
  /** Of an outage: when the same settings were last seen to work. */
  lastGood: z.object({ at: z.iso.datetime(), revision: z.int() }).optional(),
})
export type CheckReport = z.infer<typeof checkReportSchema>

/** `unreachable` when nothing failed but what could not be reached: AWS has refused nothing. */
export function verdictOf(report: CheckReport): 'works' | 'failed' | 'unreachable' {
  if (report.ok) return 'works'
  const failed = report.checks.filter(({ status }) => status === 'failed')
  return failed.every(({ kind }) => kind === 'unreachable') ? 'unreachable' : 'failed'
}
