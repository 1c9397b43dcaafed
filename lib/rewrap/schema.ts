import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import { parseKeyIdentifier, tidyKeyIdentifier } from '#lib/keys/schema.ts'

export const rewrapModes = ['exchange', 'add', 'remove'] as const
export type RewrapMode = (typeof rewrapModes)[number]

const rewrapStates = ['queued', 'running', 'paused', 'waiting', 'complete', 'failed', 'cancelled'] as const
export type RewrapState = (typeof rewrapStates)[number]
export const rewrapEnded = (state: RewrapState): boolean =>
  state === 'complete' || state === 'failed' || state === 'cancelled'

/** What a re-wrap is to do, its keys resolved. */
export interface RewrapWish {
  readonly mode: RewrapMode
  /** Key ARN, a root key's ID, or `AES-256` for every root key of the console. Null, only to add: under whatever key. */
  readonly from: string | null
  /** Key ARN, or `AES-256` for the console's newest root key. Null, only to remove. */
  readonly to: string | null
}

/** KMS takes so many calls with symmetric keys in a second, by account and Region (AWS KMS developer guide, "Request quotas"). */
const quotas: Readonly<Record<string, number>> = {
  'us-east-1': 100_000,
  'us-west-2': 100_000,
  'eu-west-1': 100_000,
  'eu-west-2': 20_000,
}
const usualQuota = 10_000
const share = 0.1
export const mostPerSecond = 10_000

/** A tenth of the smallest quota of these Regions: the account has other things to do. */
export function usualPerSecond(regions: readonly string[]): number {
  return Math.round(Math.min(...regions.map((region) => quotas[region] ?? usualQuota), 100_000) * share)
}

const keyName = z.string().max(2048, 'At most 2,048 characters.').transform(tidyKeyIdentifier)

/** What a person asks for, on the page and on the command line alike. */
export const rewrapRequestSchema = z
  .object({
    mode: z.enum(rewrapModes),
    /** Key ARN, `AES-256` or a root key’s ID; empty, only to add: backups under whatever key. */
    from: keyName.default(''),
    /** Key ARN, key ID, alias, alias ARN, or `AES-256`; empty, only to remove. */
    to: keyName.default(''),
    /** KMS calls in a second; null: a share of the quota. */
    perSecond: z
      .number('Enter a number.')
      .int('Enter a whole number.')
      .min(1, 'At least 1.')
      .max(mostPerSecond, 'At most 10,000.')
      .nullable()
      .default(null),
  })
  .superRefine(({ mode, from, to }, context) => {
    const issue = (path: 'from' | 'to', message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (mode !== 'add' && from === '') issue('from', 'Choose the key that goes.')
    if (from !== '' && !isOwnName(from)) {
      const parsed = parseKeyIdentifier(from)
      if (!parsed.ok && from.startsWith('arn:')) issue('from', parsed.message)
      else if (!parsed.ok || parsed.key.kind !== 'key-arn')
        issue('from', 'Name the old key by its ARN, as byok key list shows it: an alias may have moved since.')
    }
    if (mode === 'remove') return
    if (to !== 'AES-256') {
      const parsed = parseKeyIdentifier(to)
      if (!parsed.ok) issue('to', parsed.message)
    }
    if (from !== '' && from === to) issue('to', 'The old key and the new one are the same.')
  })
export type RewrapRequest = z.output<typeof rewrapRequestSchema>

/** What a page sends to start it: with the ARN that the preview showed, so that an alias cannot move in between. */
export const startRewrapSchema = z.object({ request: rewrapRequestSchema, seen: z.string().max(2048).nullable() })
export type RewrapRequestInput = z.input<typeof rewrapRequestSchema>

/** Not a KMS key: one of the console's own. */
export function isOwnName(name: string): boolean {
  return name === 'AES-256' || name.startsWith('root-key/')
}

/** Something that a person should know before, or that is left after. */
export interface RewrapNote {
  readonly tone: 'info' | 'warn'
  readonly text: string
  /** A page of this console, and what it is called. */
  readonly link: { readonly href: string; readonly label: string } | null
}

/** What a re-wrap would do. Nothing has been changed. */
export interface RewrapPreview extends RewrapWish {
  /** How `to` was named. */
  readonly toTyped: string | null
  readonly backups: number
  /** Of their content, which stays where it is. */
  readonly bytes: number
  /** At most so many calls of KMS. */
  readonly calls: { readonly decrypt: number; readonly encrypt: number }
  /** Calls in a second that it may make. */
  readonly perSecond: number
  /** About how long it takes at that. */
  readonly seconds: number
  readonly notes: readonly RewrapNote[]
}

/** A re-wrap as it stands. Times ISO 8601 in UTC. */
export interface RewrapRow extends RewrapWish {
  readonly id: string
  readonly toTyped: string | null
  readonly state: RewrapState
  readonly wish: 'pause' | 'cancel' | null
  readonly total: number
  readonly bytes: number
  readonly done: number
  readonly exchanged: number
  readonly failed: number
  readonly perSecond: number
  /** How many calls a second it makes while KMS throttles it; null: all that it may. */
  readonly pace: number | null
  readonly throttled: number
  readonly waitingFor: 'key' | 'bucket' | null
  readonly nextTryAt: string | null
  readonly error: string | null
  readonly createdAt: string
  readonly createdBy: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

export type PreviewResult = ActionResult<{ readonly preview: RewrapPreview }>
export type StartRewrapResult = ActionResult<{ readonly id: string }>

export interface RewrapFailureRow {
  /** The backup's ID. */
  readonly id: string
  readonly name: string
  readonly cause: string
  readonly fix: string | null
}

export interface RewrapDetail {
  readonly run: RewrapRow
  /** The first 100. */
  readonly failures: readonly RewrapFailureRow[]
  /** What it leaves, as things are now. */
  readonly notes: readonly RewrapNote[]
}

/** A key that backups are under, to choose. */
export interface RewrapSource {
  /** Key ARN, or `AES-256`. */
  readonly name: string
  readonly backups: number
  readonly bytes: number
}

export const rewrapIdSchema = z.object({ id: z.uuid() })

/** The end of a sentence on what a re-wrap does, such as “12 backups from … to …”. */
export function rewrapWords({ mode, from, to }: RewrapWish): string {
  if (mode === 'exchange') return `from ${from} to ${to}`
  if (mode === 'add') return `${to} added to ${from === null ? 'backups under whatever key' : `those under ${from}`}`
  return `${from} removed`
}

const one = z.union([z.string().max(2048), z.undefined()]).catch(undefined)
/** The address bar of the page: what the form starts with. Anything unknown is ignored. */
export const rewrapQuerySchema = z
  .object({ mode: z.enum(rewrapModes).catch('exchange'), from: one, to: one })
  .transform(({ mode, from = '', to = '' }) => ({ mode, from: tidyKeyIdentifier(from), to: tidyKeyIdentifier(to) }))
