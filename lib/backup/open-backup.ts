import { AppError } from '#lib/errors.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, encryptedCodec, plainCodec, sha256Of } from './codec.ts'
import type { BackupIdentity } from './encryption-context.ts'
import { type ExpectedEnvelope, MAX_ENVELOPE_BYTES, type OpeningKey, openEnvelope } from './envelope.ts'
import { backupFolder, ENVELOPE } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { readManifest } from './read-manifest.ts'

/** The keys that may open a backup, and what the caller's records say of its envelope. */
export interface ExpectedKeys {
  readonly keys: readonly OpeningKey[]
  readonly envelope?: ExpectedEnvelope
}

/** What the caller knows of how a backup is protected: never taken from the bucket. */
export type ReadProtection =
  | (ExpectedKeys & {
      readonly method: 'keys'
      /** Asked when another envelope is stored than was expected: what the records say of that one by now, if anything. */
      readonly expectedNow?: (sha256: string) => Promise<ExpectedKeys | undefined>
    })
  | { readonly method: 'none' }

export interface OpenBackupOptions {
  readonly store: ObjectStore
  readonly protection: ReadProtection
  readonly identity: BackupIdentity
  /** From the caller's own records; without it, an older manifest put back cannot be told. Hexadecimal. */
  readonly manifestSha256?: string
}

/** A backup whose key was unwrapped and whose manifest was checked. */
export interface OpenedBackup {
  readonly store: ObjectStore
  readonly codec: Codec
  readonly identity: BackupIdentity
  readonly manifest: Manifest
}

/** Throws AppError: `not-found` when there is no such backup, `integrity`, and what the store and the keys throw. */
export async function openBackup(options: OpenBackupOptions): Promise<OpenedBackup> {
  const { store, identity } = options
  const codec = await openCodec(options)
  return { store, codec, identity, manifest: await openManifest(codec, options) }
}

/** Throws AppError `not-found` for a backup that was never completed or was deleted, and as `readManifest` does. */
export async function openManifest(
  codec: Codec,
  { store, identity, manifestSha256 }: Pick<OpenBackupOptions, 'store' | 'identity' | 'manifestSha256'>,
): Promise<Manifest> {
  try {
    return (await readManifest(store, codec, identity, manifestSha256)).manifest
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'not-found') throw cause
    const message = `Backup ${identity.backup} was never completed, or it was deleted: it has no manifest.`
    throw new AppError('not-found', message, { cause })
  }
}

/** What opens everything but the envelope. Throws AppError: `not-found` without an envelope, and as `openEnvelope` does. */
export async function openCodec({
  store,
  identity,
  protection,
}: Pick<OpenBackupOptions, 'store' | 'identity' | 'protection'>): Promise<Codec> {
  if (protection.method === 'none') return plainCodec
  let bytes: Uint8Array
  try {
    bytes = await store.read(backupFolder(identity) + ENVELOPE, MAX_ENVELOPE_BYTES)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not-found') throw error
    throw new AppError('not-found', `Backup ${identity.backup} has no envelope: without it nothing opens its data.`, {
      cause: error,
    })
  }
  const sha256 = sha256Of(bytes)
  const changed = protection.envelope?.sha256 !== undefined && protection.envelope.sha256 !== sha256
  const { keys, envelope = {} } = (changed ? await protection.expectedNow?.(sha256) : undefined) ?? protection
  const { backupKey } = await openEnvelope(bytes, keys, identity, envelope)
  return encryptedCodec(backupKey, identity.backup)
}
