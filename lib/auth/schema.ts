import { z } from 'zod'

export const roles = ['administrator', 'operator', 'viewer'] as const
export type Role = (typeof roles)[number]

/** ASVS 5.0.0, 6.2.1: at least 12 here; 6.2.9: at least 64 allowed. */
export const passwordSchema = z.string().min(12, 'At least 12 characters.').max(128, 'At most 128 characters.')
export const emailSchema = z
  .email('Enter an e-mail address.')
  .max(254)
  .transform((email) => email.toLowerCase())

export const setupSchema = z.object({
  token: z.string().min(1).max(200),
  name: z
    .string()
    .trim()
    .min(1, 'Enter your name.')
    .max(200)
    .regex(/^\P{Cc}*$/u, 'No control characters.'),
  email: emailSchema,
  password: passwordSchema,
})

/** Who may do what. Pure, so that the same answer hides a button and refuses a request. */
const permissions = {
  'environment.read': ['administrator', 'operator', 'viewer'],
  'environment.change': ['administrator'],
  'key.check': ['administrator', 'operator'],
  'backup.read': ['administrator', 'operator', 'viewer'],
  'backup.run': ['administrator', 'operator'],
  'restore.run': ['administrator', 'operator'],
  'audit.read': ['administrator'],
  'sandbox.rehearse': ['administrator'],
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
