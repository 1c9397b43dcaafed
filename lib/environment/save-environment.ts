import { isDeepStrictEqual } from 'node:util'
import { recordAudit } from '#lib/audit/record.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { type Check, parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'
import { accessOf, bucketOf, currentEnvironment, type EnvironmentContext, type Revision } from './access.ts'
import { checkEnvironment } from './check-environment.ts'
import type { Confirm } from './confirm.ts'
import { findEndpointProblem } from './endpoint-problem.ts'
import { exposureOf } from './exposure.ts'
import { recordCheck } from './record-check.ts'
import { changesBetween, rowOf, usesKms } from './revision-row.ts'
import { sameAsSaved } from './same-as-saved.ts'
import type { SaveEnvironmentResult, TestKeyResult } from './save-schema.ts'
import type { EnvironmentSettings } from './schema.ts'
import { isSameSecret, keepSecret, openSecret, putSecret, type SecretKey, type StoredSecret } from './stored-secret.ts'

type Refusal = Extract<SaveEnvironmentResult, { status: 'error' }>

export interface SaveOptions {
  /** Asked before a change that destroys or exposes; without it such a change is never made. */
  readonly confirm?: Confirm
  /** The older revision whose values these are: its stored secret is used where none is given. */
  readonly restoredFrom?: number | null
  /** Told each check as soon as it is known. */
  readonly onCheck?: (check: Check) => void
}

/** Runs the checks that a save would run, and keeps nothing. */
export async function testEnvironment(
  context: EnvironmentContext,
  settings: EnvironmentSettings,
  actor: string,
  { restoredFrom, onCheck }: Pick<SaveOptions, 'restoredFrom' | 'onCheck'> = {},
): Promise<TestKeyResult> {
  const prepared = await prepare(context, settings, restoredFrom)
  if ('status' in prepared) return prepared
  const { environment, previous, secret, bucket } = prepared
  const found = await prepared.check(onCheck)
  const saved = secret.kind !== 'new' && previous && sameAsSaved(previous, settings, bucket) ? previous : undefined
  const report = saved ? await recordCheck(context.db, environment, saved.number, found, actor) : found
  await recordAudit(context.db, {
    actor,
    action: 'key.check',
    outcome: report.ok ? 'success' : 'failed',
    subject: report.keyArn ?? (settings.masterKey || 'bucket'),
  })
  return { status: 'success', report }
}

/**
 * 1. refuse what is based on an older revision  2. prove keys and bucket  3. refuse with the report when a check failed
 * 4. ask again for what destroys or exposes  5. otherwise write the next revision, its audit row and the notice to the
 * other administrators in one transaction, refusing again what came in between.
 * @param base the revision that the person saw; 0 for none
 */
export async function saveEnvironment(
  context: EnvironmentContext,
  settings: EnvironmentSettings,
  base: number,
  actor: string,
  { confirm, restoredFrom, onCheck }: SaveOptions = {},
): Promise<SaveEnvironmentResult> {
  const { db } = context
  const prepared = await prepare(context, settings, restoredFrom)
  if ('status' in prepared) return prepared
  const { environment, previous, secret, bucket, check } = prepared
  if ((previous?.number ?? 0) !== base) return refuseStale(previous, base)

  const found = await check(onCheck)
  const again = !found.ok && secret.kind !== 'new' && previous && sameAsSaved(previous, settings, bucket)
  const report = again ? await recordCheck(db, environment, previous.number, found, actor) : found
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
  const twice = next.furtherKeys.findIndex(
    ({ keyArn }, index) => keyArn === next.keyArn || next.furtherKeys.findIndex((one) => one.keyArn === keyArn) < index,
  )
  if (twice >= 0) {
    const message = `This is a key that is already in the list: ${next.furtherKeys[twice]?.keyArn}.`
    return { status: 'error', message, fieldErrors: { [`furtherKeys.${twice}.typed`]: message }, report }
  }
  const newSecret = secret.kind === 'new' || (secret.kind === 'kept' && !isSameSecret(secret.stored, previous))
  const exposure = exposureOf(previous, next, newSecret)
  if (exposure.asks.length > 0) {
    const verdict = (await confirm?.(exposure)) ?? {}
    if (verdict !== 'confirmed') return { status: 'confirm', ...exposure, ...verdict, report }
  }

  return db.$transaction(async (tx) => {
    // Two administrators at once: the second waits here, and then sees the first one's revision.
    await tx.$queryRaw`SELECT "id" FROM "environment" WHERE "id" = ${environment}::uuid FOR UPDATE`
    const { revision: newest } = await currentEnvironment(tx)
    if ((newest?.number ?? 0) !== base) return refuseStale(newest, base)
    const number = base + 1
    const from = restoredFrom ? { restoredFrom } : {}
    const stored = secret.kind === 'new' ? await putSecret(tx, context, secret.value) : {}
    const kept = secret.kind === 'kept' ? secret.stored : {}
    await tx.environmentRevision.create({
      data: { ...next, ...stored, ...kept, ...from, environmentId: environment, number, report, createdBy: actor },
    })
    await recordCheck(tx, environment, number, report, actor)
    const changes = changesBetween(newest, next, newSecret ? 'replaced' : 'same')
    await recordAudit(tx, {
      actor,
      action: 'environment.save',
      outcome: 'success',
      subject: `Backup Environment, revision ${number}${restoredFrom ? `, from revision ${restoredFrom}` : ''}`,
      changes,
    })
    if (newest && exposure.asks.length > 0)
      await tellAdministrators(tx, {
        actor,
        title: 'Backup Environment changed',
        detail: exposure.reasons.join(' '),
        link: `/settings/backup-environment/history/${number}`,
      })
    return { status: 'success' as const, revision: number, report }
  })
}

type Secret =
  | { kind: 'none' }
  | { kind: 'new'; value: SecretKey }
  | { kind: 'kept'; value: SecretKey; stored: StoredSecret }

async function prepare(context: EnvironmentContext, settings: EnvironmentSettings, restoredFrom?: number | null) {
  const { id: environment, externalId, revision: previous } = await currentEnvironment(context.db)
  const fail = (field: keyof EnvironmentSettings, message: string) => ({
    status: 'error' as const,
    message,
    fieldErrors: { [field]: message },
  })
  let secret: Secret = { kind: 'none' }
  if (!settings.hosted && settings.credentials === 'access-key') {
    const from = restoredFrom ? await revisionOf(context, environment, restoredFrom) : previous
    const kept = await keptSecret(context, environment, settings.accessKeyId, from)
    const { secretAccessKey, sessionToken } = settings
    const entered = { secretAccessKey, ...(sessionToken && { sessionToken }) }
    if (secretAccessKey !== '' && !isDeepStrictEqual(entered, kept?.value)) secret = { kind: 'new', value: entered }
    else if (kept) secret = kept
    // A stored secret belongs to its access key ID: never try it with another one.
    if (secret.kind === 'none') return fail('secretAccessKey', 'Enter the secret access key of this access key ID.')
  }
  const endpoint = await findEndpointProblem(context, settings)
  if (endpoint) return fail(endpoint.field, endpoint.message)
  try {
    const bucket = bucketOf(context, settings)
    const value = secret.kind === 'none' ? undefined : secret.value
    const access = accessOf(calledFor(context, 'check'), { id: environment, externalId }, settings, value)
    const kms = usesKms(settings)
    const keys = kms ? [settings.masterKey, ...settings.furtherKeys.map(({ typed }) => typed)] : []
    const prefix = settings.hosted ? '' : settings.prefix
    const check = (onCheck?: (check: Check) => void) =>
      checkEnvironment(
        { access, installation: context.installation, environment, keys, bucket: { name: bucket, prefix } },
        onCheck,
      )
    return { environment, previous, secret, bucket, check }
  } catch (error) {
    if (error instanceof AppError) return fail('hosted', messageOf(error))
    throw error
  }
}

/** The secret that a revision keeps for this access key ID: never one that was entered for another. */
async function keptSecret(
  context: EnvironmentContext,
  environment: string,
  accessKeyId: string,
  from: Revision | undefined,
): Promise<Extract<Secret, { kind: 'kept' }> | undefined> {
  if (!from || from.accessKeyId !== accessKeyId) return undefined
  const value = await openSecret(context, environment, from)
  return value && { kind: 'kept', value, stored: keepSecret(from) }
}

async function revisionOf({ db }: EnvironmentContext, environmentId: string, number: number) {
  const found = await db.environmentRevision.findUnique({
    where: { environmentId_number: { environmentId, number } },
  })
  return found ?? undefined
}

function refuseStale(newest: Revision | undefined, base: number): Refusal {
  const who = newest
    ? `${newest.createdBy} saved revision ${newest.number} at ${newest.createdAt.toISOString()}`
    : 'Somebody changed it'
  const what = base === 0 ? 'filling in the first settings' : `editing revision ${base}`
  const message = `${who} while you were ${what}. Nothing of yours was saved. Reload the page to see the new settings, then make your change again.`
  return { status: 'error', message }
}

function sentence(check: Check): string {
  const { title, detail } = check
  return `${title}. ${detail}`
}

/** At which field a failed check is shown; none where the form has no field that could mend it. */
function fieldOf(check: Check, settings: EnvironmentSettings): Record<string, string> {
  const message = sentence(check)
  if (check.kind === 'unreachable' || check.who === 'network') return {}
  if (check.id.startsWith('key.') && check.key) return { [`furtherKeys.${check.key - 1}.typed`]: message }
  if (check.id.startsWith('key.')) {
    const parsed = parseKeyIdentifier(settings.masterKey)
    const otherRegion = parsed.ok && ![undefined, settings.region].includes(regionOf(parsed.key))
    return { masterKey: message, ...(otherRegion && { region: message }) }
  }
  if (settings.hosted) return {}
  if (check.id.startsWith('credentials')) {
    if (settings.credentials === 'access-key') return { accessKeyId: message }
    return settings.credentials === 'assume-role' ? { roleArn: message } : {}
  }
  return { bucket: message }
}
