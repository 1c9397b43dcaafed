import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../durable-file.ts'
import { randomLetters } from '../random-id.ts'
import { parsePolicy } from './policy.ts'
import { type Principal, rootOf } from './principal.ts'

export interface User {
  account: string
  name: string
  userId: string
  accessKeyId: string
  secretAccessKey: string
  /** Policy documents by name. */
  policies: Record<string, string>
}

export interface Role {
  account: string
  name: string
  roleId: string
  trustPolicy: string
  policies: Record<string, string>
  /** Seconds. */
  maxSessionDuration: number
}

interface Contents {
  /** Seals session tokens, so that they outlive a restart without being stored. */
  tokenKey: string
  users: User[]
  roles: Role[]
}

export const administratorPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
})

/** Users with their access keys, and roles; in `iam.json`, readable by its owner only. */
export class IamStore {
  readonly #path: string
  readonly #contents: Contents

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'iam.json')
    this.#contents = existsSync(this.#path)
      ? JSON.parse(readFileSync(this.#path, 'utf8'))
      : { tokenKey: randomBytes(32).toString('base64'), users: [], roles: [] }
  }

  get isEmpty(): boolean {
    return this.#contents.users.length < 2
  }

  get users(): readonly User[] {
    return this.#contents.users
  }

  get roles(): readonly Role[] {
    return this.#contents.roles
  }

  get tokenKey(): Buffer {
    return Buffer.from(this.#contents.tokenKey, 'base64')
  }

  userByAccessKey(accessKeyId: string): User | undefined {
    return this.#contents.users.find((user) => user.accessKeyId === accessKeyId)
  }

  user(account: string, name: string): User | undefined {
    return this.#contents.users.find((user) => user.account === account && user.name === name)
  }

  role(arn: string): Role | undefined {
    return this.#contents.roles.find((role) => roleArn(role) === arn)
  }

  /** Makes the user, with an access key, or replaces the policies of the one there is. Throws MalformedPolicy. */
  putUser(account: string, name: string, policies: Record<string, string>): User {
    for (const text of Object.values(policies)) parsePolicy(text, 'identity')
    let user = this.user(account, name)
    if (user) {
      user.policies = policies
    } else {
      user = {
        account,
        name,
        userId: `AIDA${randomLetters(17)}`,
        accessKeyId: `AKIA${randomLetters(16)}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        policies,
      }
      this.#contents.users.push(user)
    }
    this.#save()
    return user
  }

  /** Throws MalformedPolicy. */
  putRole(role: Omit<Role, 'roleId'>): Role {
    parsePolicy(role.trustPolicy, 'resource')
    for (const text of Object.values(role.policies)) parsePolicy(text, 'identity')
    const known = this.role(roleArn(role))
    const next = { ...role, roleId: known?.roleId ?? `AROA${randomLetters(17)}` }
    this.#contents.roles = [...this.#contents.roles.filter((other) => other !== known), next]
    this.#save()
    return next
  }

  deleteUser(account: string, name: string): void {
    this.#contents.users = this.#contents.users.filter((user) => user.account !== account || user.name !== name)
    this.#save()
  }

  deleteRole(arn: string): void {
    this.#contents.roles = this.#contents.roles.filter((role) => roleArn(role) !== arn)
    this.#save()
  }

  /** Whether a policy may name it: PutKeyPolicy refuses principals that do not exist. */
  exists(arn: string): boolean {
    if (arn === '*' || /^\d{12}$/.test(arn) || arn.endsWith(':root')) return true
    if (/^arn:aws:sts::\d{12}:assumed-role\//.test(arn)) return true
    return this.role(arn) !== undefined || this.users.some((user) => userArn(user) === arn)
  }

  #save(): void {
    writeDurably(this.#path, `${JSON.stringify(this.#contents, null, 2)}\n`)
  }
}

export function userArn(user: Pick<User, 'account' | 'name'>): string {
  return `arn:aws:iam::${user.account}:user/${user.name}`
}

export function roleArn(role: Pick<Role, 'account' | 'name'>): string {
  return `arn:aws:iam::${role.account}:role/${role.name}`
}

export function userPrincipal(user: User): Principal {
  const root = user.name === 'root'
  const arn = root ? rootOf(user.account) : userArn(user)
  return {
    kind: root ? 'root' : 'user',
    account: user.account,
    arn,
    userId: root ? user.account : user.userId,
    names: [arn],
    policies: Object.values(user.policies).map((text) => parsePolicy(text, 'identity')),
  }
}
