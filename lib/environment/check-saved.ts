import { AppError } from '#lib/errors.ts'
import type { CheckReport } from '#lib/keys/schema.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import {
  accessOf,
  bucketOf,
  currentEnvironment,
  type EnvironmentContext,
  nothingSaved,
  type Revision,
} from './access.ts'
import { checkEnvironment } from './check-environment.ts'
import { recordCheck } from './record-check.ts'
import { furtherKeysOf } from './revision-row.ts'
import { openSecret } from './stored-secret.ts'

/** Checks what is saved, and keeps the report. @throws AppError `invalid` when nothing was ever saved */
export async function checkSaved(context: EnvironmentContext, actor: string): Promise<CheckReport> {
  const { id, externalId, revision } = await currentEnvironment(context.db)
  if (!revision)
    throw nothingSaved(
      'Name a key, or save one first: in Settings > Backup Environment, or with byok environment apply FILE.',
    )
  const report = await checkEnvironment({
    access: await accessOfSaved(context, { id, externalId }, revision),
    installation: context.installation,
    environment: id,
    keys: keysTyped(revision),
    bucket: { name: revision.bucket, prefix: revision.prefix },
  })
  return recordCheck(context.db, id, revision.number, report, actor)
}

/** Checks keys that somebody names, from where the saved settings would reach them. Keeps nothing. */
export async function checkNamed(
  context: EnvironmentContext,
  { keys, region, bucket }: { keys: readonly string[]; region?: string | undefined; bucket?: string | undefined },
): Promise<CheckReport> {
  const { id, externalId, revision } = await currentEnvironment(context.db)
  const where = region ?? revision?.region
  if (!where) throw new AppError('invalid', 'The Region of the key is not known.', { fix: 'Add --region us-east-1.' })
  const saved = revision?.region === where ? revision : undefined
  const access = saved
    ? await accessOfSaved(context, { id, externalId }, saved)
    : { ...calledFor(context, 'check').own, region: where }
  const hosted = context.hostedBucket
    ? { name: bucketOf(context, { hosted: true, region: where, bucket: '' }), prefix: '' }
    : undefined
  return checkEnvironment({
    access,
    installation: context.installation,
    environment: id,
    keys,
    bucket: bucket ? { name: bucket, prefix: '' } : saved ? { name: saved.bucket, prefix: saved.prefix } : hosted,
  })
}

async function accessOfSaved(
  context: EnvironmentContext,
  environment: { id: string; externalId: string },
  revision: Revision,
) {
  return accessOf(
    calledFor(context, 'check'),
    environment,
    revision,
    await openSecret(context, environment.id, revision),
  )
}

function keysTyped(revision: Revision): string[] {
  return revision.masterKey ? [revision.masterKey, ...furtherKeysOf(revision).map(({ typed }) => typed)] : []
}
