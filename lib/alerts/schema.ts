import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import type { KeyDependents, KeyState } from '#lib/key-health/schema.ts'
import { noControlCharacters } from '#lib/plain-text.ts'
import type { ScheduleTrouble } from '#lib/schedules/schema.ts'

export const alertChannels = ['mail', 'webhook'] as const
export type AlertChannel = (typeof alertChannels)[number]

/** What one message tells. Nothing secret: it leaves this console. */
export interface AlertMessage {
  readonly kind: 'opened' | 'worse' | 'reminder' | 'closed' | 'test'
  /** One line. */
  readonly title: string
  /** ISO 8601, UTC */
  readonly at: string
  readonly key?: {
    readonly arn: string
    readonly state: KeyState
    readonly before: KeyState
  }
  readonly diagnosis?: {
    readonly title: string
    readonly detail: string
    readonly cause: string
    /** Where the change belongs, such as `key policy`. */
    readonly who?: string | undefined
    readonly fix: string
    /** To be run by an administrator of the key. */
    readonly commands?: readonly string[] | undefined
  }
  readonly dependents?: KeyDependents
  readonly schedule?: {
    readonly id: string
    readonly name: string
    readonly source: string
    readonly host: string
    /** Null once the alert is closed. */
    readonly state: ScheduleTrouble | null
    readonly error: string | null
    /** When its last complete backup was made: ISO 8601, UTC */
    readonly lastComplete: string | null
  }
  /** A page of this console. */
  readonly path: string
}

export const tlsModes = ['starttls', 'tls', 'none'] as const
export type TlsMode = (typeof tlsModes)[number]

const line = (what: string, most: number) =>
  z
    .string()
    .trim()
    .max(most, `At most ${most} characters.`)
    .regex(noControlCharacters, `${what} has no control characters in it.`)
const address = z.email('Enter an e-mail address.').max(254)

export const mailInputSchema = z
  .object({
    on: z.boolean(),
    host: line('A host name', 253),
    port: z.coerce.number('Enter a port.').int('Enter a port.').min(1, 'Enter a port.').max(65_535, 'Enter a port.'),
    tls: z.enum(tlsModes),
    /** Empty: the server asks for no password. */
    user: line('A user name', 254),
    /** Empty: the stored one stays. */
    password: z.string().max(1024, 'At most 1024 characters.'),
    from: z.string().trim(),
    /** One a line, or by comma. */
    to: z.string().trim().max(5000, 'Too many addresses.'),
  })
  .superRefine(({ on, host, from, to, user, tls, password }, context) => {
    if (!on) return
    const no = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (!/^(?=.)[a-z0-9.:[\]-]+$/i.test(host)) no('host', 'Enter the name of the mail server.')
    if (!address.safeParse(from).success) no('from', 'Enter an e-mail address.')
    const listed = recipientsIn(to)
    if (listed.length === 0) no('to', 'Enter at least one e-mail address.')
    if (listed.length > 20) no('to', 'At most 20 addresses. Use a list of your own for more.')
    for (const one of listed)
      if (!address.safeParse(one).success) no('to', `“${one.slice(0, 100)}” is no e-mail address.`)
    if (tls === 'none' && (user !== '' || password !== ''))
      no(
        'tls',
        'Without TLS the password could be read on its way. Use STARTTLS or TLS, or a server that asks for none.',
      )
  })
export type MailInput = z.input<typeof mailInputSchema>

export const webhookInputSchema = z
  .object({
    on: z.boolean(),
    /** Empty: the stored one stays. */
    url: z.string().trim().max(2000, 'At most 2000 characters.'),
    /** Empty: the stored one stays; without one, the console makes one. */
    secret: z.string().trim().max(200, 'At most 200 characters.'),
  })
  .superRefine(({ on, secret }, context) => {
    if (on && secret !== '' && !isWebhookSecret(secret))
      context.addIssue({
        code: 'custom',
        path: ['secret'],
        message: 'A secret is “whsec_” and 24 to 64 random bytes in base64. Leave it empty to have one made.',
      })
  })
export type WebhookInput = z.input<typeof webhookInputSchema>

export function recipientsIn(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))]
}

/** Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1]
  if (!base64 || base64.length % 4 !== 0) return false
  const bytes = (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0)
  return bytes >= 24 && bytes <= 64
}

/** Whom to tell, without anything secret. */
export interface AlertSettingsView {
  readonly mail: {
    readonly host: string
    readonly port: number
    readonly tls: TlsMode
    readonly user: string
    readonly hasPassword: boolean
    readonly from: string
    readonly to: readonly string[]
  } | null
  /** Where it leads, without what lets messages in there. */
  readonly webhook: { readonly origin: string } | null
  readonly updatedAt: string | null
  readonly updatedBy: string | null
}

export interface DeliveryRow {
  readonly id: string
  readonly createdAt: string
  readonly channel: AlertChannel
  readonly title: string
  readonly state: 'queued' | 'sent' | 'failed'
  readonly tries: number
  readonly nextTryAt: string | null
  readonly lastError: string | null
}

/** What is wrong with a key or a schedule now. */
interface OpenAlert {
  readonly id: string
  readonly title: string
  /** The page of this console that says why. */
  readonly path: string
  readonly openedAt: string
}

export interface OpenAlerts {
  /** The newest. */
  readonly rows: readonly OpenAlert[]
  readonly moreKeys: number
  readonly moreSchedules: number
}

export interface AlertsView {
  readonly settings: AlertSettingsView
  /** The last 20, newest first. */
  readonly deliveries: readonly DeliveryRow[]
}

/** What came of a save or a test. */
export type AlertsResult =
  /** `secret`: a new one, shown this once. */
  | ActionResult<{ readonly secret?: string }>
  /** The person’s password is asked for, for these reasons. */
  | { readonly status: 'confirm'; readonly reasons: readonly string[]; readonly wrong?: string }
