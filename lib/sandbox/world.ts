import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { IamStore } from './iam/iam-store.ts'
import type { KeyStore } from './kms/key-store.ts'
import type { Rehearsals } from './rehearsal.ts'
import type { RequestLog } from './request-log.ts'
import type { BucketStore } from './s3/bucket-store.ts'

/** Everything that a sandbox is made of. */
export interface World {
  dataDir: string
  clock: Clock
  iam: IamStore
  keys: KeyStore
  buckets: BucketStore
  faults: Faults
  log: RequestLog
  rehearsals: Rehearsals
}
