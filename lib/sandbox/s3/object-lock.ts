import { invalidArgument, invalidRequest } from './errors.ts'
import type { ObjectVersion, Retention } from './object-version.ts'
import { type BucketCall, headerOf } from './s3-call.ts'

const day = 86_400_000

function parseMode(mode: string): Retention['mode'] {
  if (mode === 'GOVERNANCE' || mode === 'COMPLIANCE') return mode
  throw invalidArgument('Unknown wormMode directive.', 'x-amz-object-lock-mode', mode)
}

/** The lock that a writer asks for, or the bucket's default. */
export function readLock(call: BucketCall): Pick<ObjectVersion, 'retention' | 'legalHold'> {
  const mode = headerOf(call, 'x-amz-object-lock-mode')
  const date = headerOf(call, 'x-amz-object-lock-retain-until-date')
  const hold = headerOf(call, 'x-amz-object-lock-legal-hold')
  const rule = call.bucket.settings.objectLock
  const now = call.world.clock.now()
  if ((mode ?? date ?? hold) !== undefined && !rule) throw invalidRequest('Bucket is missing Object Lock Configuration')
  if ((mode === undefined) !== (date === undefined)) {
    throw invalidArgument('x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied')
  }
  const lock: Pick<ObjectVersion, 'retention' | 'legalHold'> = {}
  if (hold !== undefined) {
    if (hold !== 'ON' && hold !== 'OFF')
      throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", 'x-amz-object-lock-legal-hold', hold)
    lock.legalHold = hold === 'ON'
  }
  if (mode !== undefined && date !== undefined) {
    const until = Date.parse(date)
    if (!(until > now)) {
      throw invalidArgument('The retain until date must be in the future!', 'x-amz-object-lock-retain-until-date', date)
    }
    lock.retention = { mode: parseMode(mode), until }
  } else if (rule?.mode) {
    const days = rule.days ?? (rule.years ?? 0) * 365
    lock.retention = { mode: rule.mode, until: now + days * day }
  }
  return lock
}
