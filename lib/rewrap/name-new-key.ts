import { accessIn } from '#lib/aws/clients.ts'
import { findRegion } from '#lib/aws/schema.ts'
import { accessOf, type EnvironmentContext, savedEnvironment } from '#lib/environment/access.ts'
import { checkEnvironment } from '#lib/environment/check-environment.ts'
import { openSecret } from '#lib/environment/stored-secret.ts'
import { AppError } from '#lib/errors.ts'
import { parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'

/**
 * The ARN of the key that was named, after it has been proven: DescribeKey, Encrypt and Decrypt really run, with the
 * credentials of the settings in force. An alias is resolved now, and stays what it was.
 * @throws AppError `invalid` before the first save, and with the diagnosis of the first check that failed
 */
export async function nameNewKey(context: EnvironmentContext, typed: string): Promise<string> {
  const { environmentId: id, externalId, revision } = await savedEnvironment(context.db)
  const parsed = parseKeyIdentifier(typed)
  if (!parsed.ok) throw new AppError('invalid', parsed.message)
  const region = regionOf(parsed.key) ?? revision.region
  const [there, here] = [findRegion(region)?.partition, findRegion(revision.region)?.partition]
  if (there !== here)
    throw new AppError('invalid', `The new key is in partition “${there}”, and the Backup Environment in “${here}”.`, {
      fix: 'No credentials are good for both. Choose a key of the same partition.',
    })
  const access = accessOf(context, { id, externalId }, revision, await openSecret(context, id, revision))
  const report = await checkEnvironment({
    access: accessIn(access, region),
    installation: context.installation,
    environment: id,
    keys: [parsed.key.value],
    bucket: undefined,
    proveRole: false,
  })
  const bad = report.checks.find(({ status }) => status === 'failed')
  if (bad) {
    // Where a policy is missing, the fix speaks of statements that only a check shows.
    const fix = [bad.fix, bad.kind === 'refused' && `byok key check ${typed} prints what to add.`]
      .filter(Boolean)
      .join(' ')
    throw new AppError(
      bad.kind === 'refused' ? 'denied' : bad.kind === 'unreachable' ? 'unreachable' : 'invalid',
      `The new key does not work. ${bad.title}. ${bad.detail} ${bad.cause ?? ''}`.trim(),
      { ...(fix && { fix }) },
    )
  }
  if (!report.keyArn) throw new AppError('integrity', `The check passed, but KMS gave no ARN for ${typed}.`)
  return report.keyArn
}
