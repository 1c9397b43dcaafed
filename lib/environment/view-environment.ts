import { checkReportSchema } from '#lib/keys/schema.ts'
import { currentEnvironment, type EnvironmentContext } from './access.ts'
import { type EnvironmentView, emptyEnvironment, type OfferedKey } from './schema.ts'

/** What the page shows. Secrets stay here. */
export async function viewEnvironment(
  { db, hostedBucket }: Pick<EnvironmentContext, 'db' | 'hostedBucket'>,
  offeredKeys: readonly OfferedKey[],
): Promise<EnvironmentView> {
  const { id, revision } = await currentEnvironment(db)
  const backups = await db.backup.count({ where: { environmentId: id, state: 'complete' } })
  const base = { hostedBucket: hostedBucket ?? null, offeredKeys, backups }
  if (!revision) {
    return {
      ...base,
      values: { ...emptyEnvironment, hosted: hostedBucket !== undefined },
      revision: 0,
      savedAt: null,
      savedBy: null,
      hasSecretAccessKey: false,
      keyArn: null,
      report: null,
    }
  }
  const encrypt = revision.method !== 'none'
  return {
    ...base,
    values: {
      storageType: 's3',
      region: revision.region,
      encrypt,
      method: revision.method === 'AES-256' ? 'AES-256' : 'AWS-KMS',
      masterKey: revision.masterKey ?? '',
      hosted: revision.hosted,
      label: revision.label,
      bucket: revision.hosted ? '' : revision.bucket,
      prefix: revision.prefix,
      credentials: revision.credentials === 'access-key' ? 'access-key' : 'default',
      accessKeyId: revision.accessKeyId ?? '',
      secretAccessKey: '',
      sessionToken: '',
      unencryptedConfirmed: !encrypt,
    },
    revision: revision.number,
    savedAt: revision.createdAt.toISOString(),
    savedBy: revision.createdBy,
    hasSecretAccessKey: revision.sealedSecret !== null,
    keyArn: revision.keyArn,
    report: checkReportSchema.parse(revision.report),
  }
}
