import type { Policy } from './policy.ts'

/** Whoever signed a request. */
export interface Principal {
  kind: 'user' | 'role' | 'root' | 'anonymous'
  account: string
  /** What AWS calls it in messages and in GetCallerIdentity. */
  arn: string
  userId: string
  /** Every ARN by which a policy may name it (a session answers to its role's ARN as well). */
  names: string[]
  policies: Policy[]
  /** Narrows a session; absent means it may do all that its role may. */
  sessionPolicy?: Policy
}

export const anonymous: Principal = {
  kind: 'anonymous',
  account: 'anonymous',
  arn: 'anonymous',
  userId: 'anonymous',
  names: [],
  policies: [],
}

export function rootOf(account: string): string {
  return `arn:aws:iam::${account}:root`
}
