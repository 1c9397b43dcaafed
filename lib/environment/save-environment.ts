import { recordAudit } from '#lib/audit/record.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { type Check, type CheckReport, parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'
import {
  accessOf,
  bucketOf,
  currentEnvironment,
  type EnvironmentContext,
  openSecret,
  type Revision,
  type SealedSecret,
  type SecretKey,
  sealSecret,
} from './access.ts'
import { checkEnvironment } from './check-environment.ts'
import type { EnvironmentSettings, SaveEnvironmentResult, TestKeyResult } from './schema.ts'

type FieldErrors = Extract<SaveEnvironmentResult, { status: 'error' }>['fieldErrors']

/** Runs the checks that a save would run, and keeps nothing. */
export async function testEnvironment(
  context: EnvironmentContext,
  settings: EnvironmentSettings,
  actor: string,
): Promise<TestKeyResult> {
  const prepared = await prepare(context, settings)
  if ('status' in prepared) return prepared
  const report = await prepared.check()
  await recordAudit(context.db, {
    actor,
    action: 'key.check',
    outcome: report.ok ? 'success' : 'failed',
    subject: report.keyArn ?? (settings.masterKey || 'bucket'),
  })
  return { status: 'success', report }
}

/**
 * 1. refuse what is based on an older revision  2. prove key and bucket  3. refuse with the report when a check failed
 * 4. otherwise write the next revision and its audit row in one transaction, refusing again what came in between.
 * @param base the revision that the person saw; 0 for none
 */
export async function saveEnvironment(
  context: EnvironmentContext,
  settings: EnvironmentSettings,
  base: number,
  actor: string,
): Promise<SaveEnvironmentResult> {
  const { db } = context
  const prepared = await prepare(context, settings)
  if ('status' in prepared) return prepared
  const { environment, previous, secret, bucket, check } = prepared
  if ((previous?.number ?? 0) !== base) return refuseStale(previous, base)
  if (!settings.encrypt && !settings.unencryptedConfirmed) {
    const message = 'Confirm that backups are to be written unencrypted.'
    return { status: 'error', message, fieldErrors: { encrypt: message } }
  }

  const report = await check()
  if (!report.ok) {
    const [first] = report.checks.filter((one) => one.status === 'failed')
    await recordAudit(db, {
      actor,
      action: 'environment.save',
      outcome: 'refused',
      subject: first?.title ?? 'Key check',
    })
    return {
      status: 'error',
      message: first ? `Nothing was saved. ${sentence(first)}` : 'Nothing was saved.',
      ...(first && { fieldErrors: fieldOf(first, settings) }),
      report,
    }
  }

  const next = rowOf(settings, report, bucket)
  const sealed =
    secret.kind === 'new'
      ? await sealSecret(context, environment, secret.value)
      : secret.kind === 'kept'
        ? secret.sealed
        : undefined
  return db.$transaction(async (tx) => {
    // Two administrators at once: the second waits here, and then sees the first one's revision.
    await tx.$queryRaw`SELECT "id" FROM "environment" WHERE "id" = ${environment}::uuid FOR UPDATE`
    const { revision: newest } = await currentEnvironment(tx)
    if ((newest?.number ?? 0) !== base) return refuseStale(newest, base)
    const number = base + 1
    await tx.environmentRevision.create({
      data: { ...next, ...sealed, environmentId: environment, number, report, createdBy: actor },
    })
    await recordAudit(tx, {
      actor,
      action: 'environment.save',
      outcome: 'success',
      subject: `Backup Environment, revision ${number}`,
      changes: changesBetween(newest, next, secret.kind === 'new'),
    })
    return { status: 'success' as const, revision: number, report }
  })
}

type Secret =
  | { kind: 'none' }
  | { kind: 'new'; value: SecretKey }
  | { kind: 'kept'; value: SecretKey; sealed: SealedSecret }

async function prepare(context: EnvironmentContext, settings: EnvironmentSettings) {
  const { id: environment, revision: previous } = await currentEnvironment(context.db)
  const fail = (field: keyof EnvironmentSettings, message: string) => ({
    status: 'error' as const,
    message,
    fieldErrors: { [field]: message },
  })
  let secret: Secret = { kind: 'none' }
  if (!settings.hosted && settings.credentials === 'access-key') {
    if (settings.secretAccessKey) {
      const { secretAccessKey, sessionToken } = settings
      secret = { kind: 'new', value: { secretAccessKey, ...(sessionToken && { sessionToken }) } }
    } else if (previous?.sealedSecret && previous.sealedUnder && previous.accessKeyId === settings.accessKeyId) {
      const value = await openSecret(context, environment, previous)
      const sealed = { sealedSecret: previous.sealedSecret, sealedUnder: previous.sealedUnder }
      if (value) secret = { kind: 'kept', value, sealed }
    }
    // A stored secret belongs to its access key ID: never try it with another one.
    if (secret.kind === 'none') return fail('secretAccessKey', 'Enter the secret access key of this access key ID.')
  }
  try {
    const bucket = bucketOf(context, settings)
    const access = accessOf(context, settings, secret.kind === 'none' ? undefined : secret.value)
    const key = settings.encrypt && settings.method === 'AWS-KMS' ? settings.masterKey : undefined
    const prefix = settings.hosted ? '' : settings.prefix
    const check = () =>
      checkEnvironment({
        access,
        installation: context.installation,
        environment,
        key,
        bucket: { name: bucket, prefix },
      })
    return { environment, previous, secret, bucket, check }
  } catch (error) {
    if (error instanceof AppError) return fail('hosted', messageOf(error))
    throw error
  }
}

function refuseStale(newest: Revision | undefined, base: number): Extract<SaveEnvironmentResult, { status: 'error' }> {
  const who = newest
    ? `${newest.createdBy} saved revision ${newest.number} at ${newest.createdAt.toISOString()}`
    : 'Somebody changed it'
  const message = `${who} while you were editing revision ${base}. Nothing of yours was saved. Reload the page to see the new settings, then make your change again.`
  return { status: 'error', message }
}

function rowOf(settings: EnvironmentSettings, report: CheckReport, bucket: string) {
  const kms = settings.encrypt && settings.method === 'AWS-KMS'
  const own = !settings.hosted
  const accessKey = own && settings.credentials === 'access-key'
  return {
    storageType: settings.storageType,
    region: settings.region,
    method: settings.encrypt ? settings.method : 'none',
    masterKey: kms ? settings.masterKey : null,
    keyArn: kms ? report.keyArn : null,
    hosted: settings.hosted,
    label: own ? settings.label : '',
    bucket,
    prefix: own ? settings.prefix : '',
    credentials: accessKey ? 'access-key' : 'default',
    accessKeyId: accessKey ? settings.accessKeyId : null,
  }
}
type Row = ReturnType<typeof rowOf>

function changesBetween(
  before: Revision | undefined,
  after: Row,
  newSecret: boolean,
): Record<string, [string | null, string | null]> {
  const text = (value: Row[keyof Row] | undefined) => (value === undefined || value === null ? null : String(value))
  const changed = (Object.keys(after) as (keyof Row)[])
    .map((name) => [name, [text(before?.[name]), text(after[name])]] as [string, [string | null, string | null]])
    .filter(([, [was, is]]) => was !== is && !(was === null && is === ''))
  if (newSecret) changed.push(['secretAccessKey', [before?.sealedSecret ? 'stored' : null, 'replaced']])
  return Object.fromEntries(changed)
}

function sentence(check: Check): string {
  const { title, detail } = check
  return `${title}. ${detail}`
}

/** At which field a failed check is shown; none where the form has no field that could mend it. */
function fieldOf(check: Check, settings: EnvironmentSettings): FieldErrors {
  const message = sentence(check)
  if (check.kind === 'unreachable') return {}
  if (check.id.startsWith('key.')) {
    const parsed = parseKeyIdentifier(settings.masterKey)
    const otherRegion = parsed.ok && ![undefined, settings.region].includes(regionOf(parsed.key))
    return { masterKey: message, ...(otherRegion && { region: message }) }
  }
  if (settings.hosted) return {}
  if (check.id === 'credentials') return settings.credentials === 'access-key' ? { accessKeyId: message } : {}
  return { bucket: message }
}
