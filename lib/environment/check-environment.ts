import { type AwsAccess, createAwsClients } from '#lib/aws/clients.ts'
import { checkCredentials } from '#lib/keys/check-credentials.ts'
import { checkKey } from '#lib/keys/check-key.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { type Check, type CheckReport, checkTitles } from '#lib/keys/schema.ts'
import { checkBucket } from '#lib/storage/check-bucket.ts'

export interface WhatToCheck {
  readonly access: AwsAccess
  readonly installation: string
  readonly environment: string
  /** As typed; undefined when no KMS key is used. */
  readonly key: string | undefined
  /** Undefined when there is no bucket to try. */
  readonly bucket: { readonly name: string; readonly prefix: string } | undefined
}

/**
 * All checks on a key and a bucket, independent ones at once. Never throws for what AWS answers: a report is data.
 * `ok` says that nothing failed; what could not be tried because something else failed is `skipped`.
 */
export async function checkEnvironment({
  access,
  installation,
  environment,
  key,
  bucket,
}: WhatToCheck): Promise<CheckReport> {
  const started = performance.now()
  const clients = createAwsClients(access, 'interactive')
  try {
    const folder = [bucket?.prefix, environment, 'checks'].filter(Boolean).join('/')
    const situation = { region: access.region, installation, environment, callerArn: undefined }
    const [credentials, keyResult, bucketChecks] = await Promise.all([
      checkCredentials(clients.sts),
      key === undefined ? { checks: [], keyArn: null } : checkKey(kmsOf(clients.kms), key, situation),
      bucket === undefined ? [] : checkBucket(clients.s3, folder, { bucket: bucket.name, callerArn: undefined }),
    ])
    const others = [...keyResult.checks, ...bucketChecks]
    const checks = [
      credentials.check,
      ...(credentials.check.status === 'failed' ? others.map(needsCredentials) : others),
    ]
    return {
      ok: checks.every((check) => check.status !== 'failed'),
      keyArn: keyResult.keyArn,
      region: access.region,
      durationMs: Math.round(performance.now() - started),
      checks,
    }
  } finally {
    clients.destroy()
  }
}

/** With wrong credentials every call fails alike; saying it nine times hides the one thing to mend. */
function needsCredentials({ id, title, status, ...rest }: Check): Check {
  if (status === 'passed') return { id, title, status, ...rest }
  return {
    id,
    title: checkTitles[id],
    status: 'skipped',
    detail: 'Needs working credentials.',
    durationMs: rest.durationMs,
  }
}
