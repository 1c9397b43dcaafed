import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import { maybe, pageNumber, searchText } from '#lib/address-bar.ts'
import { plainName } from '#lib/plain-text.ts'

export const roles = ['administrator', 'operator', 'viewer'] as const
export type Role = (typeof roles)[number]

/** ASVS 5.0.0, 6.2.1: at least 12 here; 6.2.9: at least 64 allowed. */
export const passwordSchema = z.string().min(12, 'At least 12 characters.').max(128, 'At most 128 characters.')
export const emailSchema = z
  .email('Enter an e-mail address.')
  .max(254)
  .transform((email) => email.toLowerCase())

export const personNameSchema = z
  .string()
  .trim()
  .min(1, 'Enter a name.')
  .max(200, 'At most 200 characters.')
  .regex(plainName, 'No control characters.')

export const setupSchema = z.object({
  token: z.string().min(1).max(200),
  name: personNameSchema,
  email: emailSchema,
  password: passwordSchema,
})

/** Who may do what. Pure, so that the same answer hides a button and refuses a request. */
const permissions = {
  'environment.read': ['administrator', 'operator', 'viewer'],
  'environment.change': ['administrator'],
  'key.check': ['administrator', 'operator'],
  'key.rewrap': ['administrator'],
  'backup.read': ['administrator', 'operator', 'viewer'],
  'backup.run': ['administrator', 'operator'],
  'backup.delete': ['administrator'],
  'backup.shred': ['administrator'],
  'key.retire': ['administrator'],
  'schedule.change': ['administrator'],
  'restore.run': ['administrator', 'operator'],
  'audit.read': ['administrator'],
  'token.manage': ['administrator', 'operator', 'viewer'],
  'token.revoke-any': ['administrator'],
  'seal.read': ['administrator'],
  'seal.change': ['administrator'],
  'alerts.change': ['administrator'],
  'sandbox.rehearse': ['administrator'],
  'user.manage': ['administrator'],
  'account.change': ['administrator', 'operator', 'viewer'],
} as const satisfies Record<string, readonly Role[]>
export type Permission = keyof typeof permissions

export function can(role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission]
  return allowed.includes(role)
}

export interface SessionUser {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
}

/** What an API token may do, and the permission of its user that each part needs. */
export const tokenScopes = {
  'backup:create': 'backup.run',
  'backup:read': 'backup.read',
  'backup:restore': 'restore.run',
} as const satisfies Record<string, Permission>
export type TokenScope = keyof typeof tokenScopes
export const tokenScopeNames = ['backup:create', 'backup:read', 'backup:restore'] as const satisfies TokenScope[]

/** `90d` or `12h`, in milliseconds. */
const lifetime = z
  .string()
  .regex(/^[1-9]\d{0,4}[dh]$/, 'Write days or hours, such as 90d or 12h.')
  .transform((text) => Number(text.slice(0, -1)) * (text.endsWith('d') ? 24 : 1) * 3_600_000)
  .refine((ms) => ms <= 366 * 24 * 3_600_000, 'At most 366d.')

export const createTokenSchema = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Say what it is for.')
    .max(100, 'At most 100 characters.')
    .regex(plainName, 'No control characters.'),
  scopes: z
    .array(z.enum(tokenScopeNames, `A scope is one of ${tokenScopeNames.join(', ')}.`))
    .min(1, 'Choose at least one thing that it may do.')
    .transform((scopes) => [...new Set(scopes)]),
  expires: lifetime,
})
export type CreateTokenInput = z.input<typeof createTokenSchema>
/** `expires` in milliseconds from now. */
export type NewToken = z.output<typeof createTokenSchema>
export const revokeTokenSchema = z.object({ id: z.uuid() })

/** The address bar of the list. Anything unknown is ignored, never an error. */
export const tokensQuerySchema = z.object({ text: searchText(254), page: pageNumber })
export type TokensQuery = z.infer<typeof tokensQuerySchema>

/** One line of the list of tokens. Times ISO 8601, UTC. */
export interface TokenRow {
  readonly id: string
  readonly name: string
  /** Its first characters, to tell it by. */
  readonly start: string
  readonly scopes: readonly string[]
  /** E-mail address of the person it acts for. */
  readonly user: string
  readonly state: 'active' | 'expired' | 'revoked'
  readonly createdAt: string
  readonly expiresAt: string
  readonly lastUsedAt: string | null
}

export interface TokensView {
  readonly rows: readonly TokenRow[]
  /** Of all that the reader may see, whatever is asked for. */
  readonly total: number
  /** Of those asked for. */
  readonly found: number
  readonly page: number
  readonly pages: number
}

// ---- People: adding, changing and removing them, and one's own account --------------

/** What the acting person types once more: checked against what is stored, so its form does not matter. */
const ownPassword = z.string().max(128)
/** Of a person or a session, as this console and better-auth make them. */
export const idSchema = z.string().regex(/^[\w-]{1,100}$/)
const person = { id: idSchema, ownPassword }

export const addPersonSchema = z.object({
  name: personNameSchema,
  email: emailSchema,
  role: z.enum(roles, 'Choose a role.'),
  password: passwordSchema,
  ownPassword,
})
export type AddPersonInput = z.input<typeof addPersonSchema>
export const changeRoleSchema = z.object({ ...person, role: z.enum(roles, 'Choose a role.') })
export type ChangeRoleInput = z.input<typeof changeRoleSchema>
export const setPasswordSchema = z.object({ ...person, password: passwordSchema })
export type SetPasswordInput = z.input<typeof setPasswordSchema>
export const removePersonSchema = z.object(person)
export type RemovePersonInput = z.input<typeof removePersonSchema>
export const signOutPersonSchema = z.object({ id: person.id })

export const changeOwnPasswordSchema = z
  .object({ password: passwordSchema, ownPassword })
  .refine(({ password, ownPassword: current }) => password !== current, {
    path: ['password'],
    message: 'This is the password that you have already.',
  })
export type ChangeOwnPasswordInput = z.input<typeof changeOwnPasswordSchema>
/** `id` undefined: every other one. */
export const endSessionsSchema = z.object({ id: idSchema.optional() })
export type EndSessionsInput = z.input<typeof endSessionsSchema>

/** The address bar of the list. Anything unknown is ignored, never an error. */
export const usersQuerySchema = z.object({
  text: searchText(254),
  role: maybe(z.enum(roles)),
  page: pageNumber,
})
export type UsersQuery = z.infer<typeof usersQuerySchema>

/** A person who may sign in. Times ISO 8601, UTC. */
export interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly createdAt: string
  /** When a session of theirs was last used, to a quarter of an hour; null: never. */
  readonly lastSeenAt: string | null
  /** Open sessions. */
  readonly sessions: number
  /** API tokens that work. */
  readonly tokens: number
}

export interface UserDetail extends UserRow {
  /** Nobody else is an administrator. */
  readonly lastAdministrator: boolean
}

export interface UsersView {
  readonly rows: readonly UserRow[]
  /** Of everybody, whatever is asked for. */
  readonly total: number
  /** Of those asked for. */
  readonly found: number
  readonly page: number
  readonly pages: number
}

/** A session of the person who asks. Times ISO 8601, UTC. */
export interface OwnSession {
  readonly id: string
  /** The one that asks. */
  readonly current: boolean
  readonly createdAt: string
  /** To a quarter of an hour. */
  readonly lastUsedAt: string
  /** What the browser said it is; anybody can say anything. */
  readonly userAgent: string | null
  /** IP address that it was signed in from. */
  readonly address: string | null
}

export type UserResult = ActionResult
