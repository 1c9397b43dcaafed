import type { LoggedCall } from '#lib/sandbox/schema.ts'

/**
 * Only what is wrong looks wrong. That an object is not there, or by a condition is there already, is what S3 is asked:
 * a key check and every backup count on such answers.
 */
export function toneOfCall({
  service,
  operation,
  status,
  code,
}: Pick<LoggedCall, 'service' | 'operation' | 'status'> & { code: string | undefined }): 'ok' | 'idle' | 'bad' {
  if (status < 400) return 'ok'
  const isMissingBucket = code === 'NoSuchBucket' || operation === 'HeadBucket'
  return service === 's3' && (status === 412 || (status === 404 && !isMissingBucket)) ? 'idle' : 'bad'
}
