import { authorize } from './authorize.ts'
import { seconds } from './describe-key.ts'
import { findOwnKey } from './find-key.ts'
import type { KmsHandler } from './kms-call.ts'

/** AWS began to record usage in 2026; an older key that was not used since says nothing of the time before. */
const trackingStart = Date.UTC(2026, 0, 1)

export const getKeyLastUsage: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'GetKeyLastUsage')
  return {
    KeyId: key.arn,
    KeyCreationDate: seconds(key.created),
    TrackingStartDate: seconds(Math.max(trackingStart, key.created)),
    KeyLastUsage: key.lastUsage
      ? {
          Operation: key.lastUsage.operation,
          Timestamp: seconds(key.lastUsage.time),
          CloudTrailEventId: key.lastUsage.eventId,
          KmsRequestId: key.lastUsage.requestId,
        }
      : {},
  }
}
