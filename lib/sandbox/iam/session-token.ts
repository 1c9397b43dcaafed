import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { type IamStore, roleArn } from './iam-store.ts'
import { parsePolicy } from './policy.ts'
import type { Principal } from './principal.ts'

/** All that a session is. It travels sealed in its token, so that nothing about it is stored. */
export interface Session {
  accessKeyId: string
  secretAccessKey: string
  roleArn: string
  name: string
  /** Milliseconds since 1970. */
  expires: number
  policy?: string
}

export function sealSession(session: Session, key: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(JSON.stringify(session), 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
}

/** Undefined when this sandbox never gave out such a token. */
export function openSession(token: string, key: Buffer): Session | undefined {
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length < 29) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAuthTag(bytes.subarray(12, 28))
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'))
  } catch {
    return undefined
  }
}

/** Undefined when the role has been deleted meanwhile. */
export function sessionPrincipal(session: Session, iam: IamStore): Principal | undefined {
  const role = iam.role(session.roleArn)
  if (!role) return undefined
  // An assumed role's ARN leaves out the role's path.
  const arn = `arn:aws:sts::${role.account}:assumed-role/${role.name.replace(/^.*\//, '')}/${session.name}`
  const principal: Principal = {
    kind: 'role',
    account: role.account,
    arn,
    userId: `${role.roleId}:${session.name}`,
    names: [arn, roleArn(role)],
    policies: Object.values(role.policies).map((text) => parsePolicy(text, 'identity')),
  }
  if (session.policy !== undefined) principal.sessionPolicy = parsePolicy(session.policy, 'identity')
  return principal
}
