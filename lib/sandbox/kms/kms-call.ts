import type { Clock } from '../clock.ts'
import type { IamStore } from '../iam/iam-store.ts'
import type { Principal } from '../iam/principal.ts'
import type { Input } from './input.ts'
import type { KeyStore } from './key-store.ts'

/** One call of one operation by a caller whose signature is good. */
export interface KmsCall {
  operation: string
  input: Input
  caller: Principal
  /** Of the endpoint that the caller addressed. */
  region: string
  requestId: string
  keys: KeyStore
  iam: IamStore
  clock: Clock
  /** `s3.eu-central-1.amazonaws.com` when S3 calls for the caller. */
  viaService?: string
}

/** The members of the answer; undefined is an empty body. Throws AwsError. */
export type KmsHandler = (call: KmsCall) => object | undefined | Promise<object | undefined>
