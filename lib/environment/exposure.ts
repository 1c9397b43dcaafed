import type { Revision } from './access.ts'
import { keyArnsOf, type RevisionRow } from './revision-row.ts'
import type { ConfirmationKind } from './save-schema.ts'

export interface Exposure {
  readonly asks: readonly ConfirmationKind[]
  /** Whole sentences. */
  readonly reasons: readonly string[]
}

/**
 * What a save destroys or exposes, beside what was saved before. Turning encryption off needs a word typed; whatever
 * lets somebody else read backups, or sends them elsewhere, needs the password again. The first save exposes nothing
 * that was there before.
 */
export function exposureOf(before: Revision | undefined, after: RevisionRow, newSecret: boolean): Exposure {
  const word =
    after.method === 'none' && before?.method !== 'none'
      ? ['New backups are written as they are: whoever can read the bucket can read them, and no key protects them.']
      : []
  const password = before ? readersChanged(before, after, newSecret) : []
  return {
    asks: [...(password.length > 0 ? (['password'] as const) : []), ...(word.length > 0 ? (['word'] as const) : [])],
    reasons: [...word, ...password],
  }
}

function readersChanged(before: Revision, after: RevisionRow, newSecret: boolean): string[] {
  const reasons: string[] = []
  const known = keyArnsOf(before)
  for (const arn of keyArnsOf(after).filter((one) => !known.includes(one)))
    reasons.push(`New backups can be opened with a key that could not open them before: ${arn}.`)
  if (before.method !== after.method)
    reasons.push(`The encryption method changes from ${before.method} to ${after.method}.`)
  if (before.hosted !== after.hosted)
    reasons.push(
      after.hosted
        ? 'New backups go to the bucket of this Vault.'
        : `New backups go to your own bucket ${after.bucket}.`,
    )
  else if (before.bucket !== after.bucket)
    reasons.push(`New backups go to bucket ${after.bucket} instead of ${before.bucket}.`)
  if (
    before.credentials !== after.credentials ||
    before.accessKeyId !== after.accessKeyId ||
    before.roleArn !== after.roleArn ||
    newSecret
  )
    reasons.push('This console reaches key and bucket with other credentials.')
  for (const name of ['kmsEndpoint', 's3Endpoint'] as const)
    if (before[name] !== after[name])
      reasons.push(`Requests to ${name === 'kmsEndpoint' ? 'KMS' : 'S3'} go to ${after[name] ?? 'AWS’s own address'}.`)
  return reasons
}
