import type { MessageContext } from '#lib/archive/message.ts'
import type { KeyContext } from '#lib/keys/key-wrapper.ts'
import type { PartPlace } from './layout.ts'

/** Version of everything a backup stores; docs/format.md describes it. */
export const FORMAT = 1

/** Who a backup is. Always from the caller's own records or the person recovering, never from the bucket. */
export interface BackupIdentity {
  readonly installation: string
  readonly environment: string
  readonly backup: string
  /** In front of every object's name; no slash at either end, may be empty. */
  readonly prefix: string
}

type Named = Omit<BackupIdentity, 'prefix'>

function common({ installation, environment, backup }: Named): Record<string, string> {
  return { format: String(FORMAT), installation, environment, backup }
}

/** What a backup key is bound to when it is wrapped. Key policies may put conditions on `installation` and `environment`. */
export function backupKeyContext(identity: Named): KeyContext {
  return { ...common(identity), purpose: 'backup-key' }
}

export function manifestContext(identity: Named): MessageContext {
  return { ...common(identity), purpose: 'manifest' }
}

export function partContext(identity: Named, { kind, attempt, index }: PartPlace): MessageContext {
  return { ...common(identity), purpose: kind, attempt: String(attempt), index: String(index) }
}

/** Of what a further attempt needs, kept in the database. */
export function checkpointContext(identity: Named, segments: number): MessageContext {
  return { ...common(identity), purpose: 'checkpoint', index: String(segments) }
}
