import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { type CreateOptions, readingUntil } from '#lib/storage/object-store.ts'
import { type BackupResult, finishedBefore, resultOf } from './backup-result.ts'
import { type Codec, encryptedCodec, plainCodec, sha256Of } from './codec.ts'
import { manifestContext } from './encryption-context.ts'
import {
  createEnvelope,
  type ExpectedEnvelope,
  type OpeningKey,
  openEnvelope,
  type SealedEnvelope,
} from './envelope.ts'
import { backupFolder, ENVELOPE, MANIFEST } from './layout.ts'
import { encodeManifest } from './manifest.ts'
import { openSource } from './open-source.ts'
import { type PackSourceOptions, packSource } from './pack-source.ts'
import { patient, patiently } from './patience.ts'
import type { BackupSource } from './source.ts'
import { storedEnvelope } from './stored-envelope.ts'

// 1. Make a backup key and wrap it with every key (or unwrap it from the envelope of an earlier attempt).
// 2. Let the caller remember the envelope, then store it: from here on whatever is stored can be opened.
// 3. Find out from the journal what an earlier attempt finished, and go on from there.
// 4. Read the source as a tar stream, cut it into segments, seal and store several at a time; list the entries likewise.
//    When a segment and all before it are stored, the journal says how to go on after it.
// 5. When all of that is stored, store the manifest. Only now the backup exists.

/** For a further attempt: the envelope that an earlier one made, and what opens it. */
export interface EarlierEnvelope extends ExpectedEnvelope {
  readonly bytes: Uint8Array
  readonly keys: readonly OpeningKey[]
}

export type WriteProtection =
  | { readonly method: 'keys'; readonly keys: readonly KeyWrapper[]; readonly earlier?: EarlierEnvelope }
  | { readonly method: 'none' }

export interface WriteBackupOptions extends PackSourceOptions {
  readonly protection: WriteProtection
  readonly source: BackupSource
  /** Called with a new envelope before it is stored. What it returns is awaited: remember the envelope there. */
  readonly onEnvelope?: (envelope: SealedEnvelope) => Promise<void>
}

/**
 * Makes a backup, or ends one that an earlier attempt began. Throws AppError: what the store, the keys and the journal
 * throw, `not-found`, `denied` or `invalid` for the source; and `signal.reason` when aborted. What is stored before that
 * is found by listing the backup's folder.
 */
export async function writeBackup(options: WriteBackupOptions): Promise<BackupResult> {
  const { store, identity, attempt, signal, patience = patient } = options
  signal?.throwIfAborted()
  const source = openSource(options.source)
  try {
    const { codec, envelope, isNew } = await prepareKey(options)
    const told = signal ?? new AbortController().signal
    // Under a key made just now nobody has finished anything.
    const there = { store: readingUntil(store, told), identity }
    const finished = attempt > 1 && !isNew ? await finishedBefore(there, codec) : undefined
    if (finished && envelope) await mustLieThere(envelope, there)
    if (finished) return finished
    if ('incoming' in source && attempt > 1)
      throw new AppError('conflict', 'The bytes of this backup came once and cannot be read again.', {
        fix: 'Start it again from its source.',
      })
    const create = (name: string, bytes: Uint8Array, options: CreateOptions = {}) =>
      patiently(() => store.create(backupFolder(identity) + name, bytes, options), patience, told)
    // Whoever cancels does not wait for a bucket that does not answer. The manifest is waited for: with it the backup exists.
    if (envelope)
      await create(ENVELOPE, envelope, { signal: told }).catch((error: unknown) => {
        throw error instanceof AppError && error.code === 'conflict' ? isThereAlready(error) : error
      })

    const { manifest, warnings } = await packSource(source, codec, options)
    const object = await codec.seal(encodeManifest(manifest, identity), manifestContext(identity))
    signal?.throwIfAborted()
    try {
      await create(MANIFEST, object)
    } catch (error) {
      // Another attempt, thought dead, was faster: what it wrote is as good.
      const other = error instanceof AppError && error.code === 'conflict' && (await finishedBefore(options, codec))
      if (other) return other
      throw error
    }
    return { ...resultOf(manifest, object), warningList: warnings }
  } finally {
    source.close()
  }
}

/**
 * Read and not stored once more: without an envelope it may have been shredded.
 * @throws AppError `conflict`: what was finished there has had its keys exchanged since, and the row would name the old ones
 */
async function mustLieThere(
  envelope: Uint8Array,
  { store, identity }: Pick<PackSourceOptions, 'store' | 'identity'>,
): Promise<void> {
  const found = await storedEnvelope(store, backupFolder(identity), sha256Of(envelope))
  if (found === 'other') throw isThereAlready()
  if (found === 'none')
    throw new AppError(
      'conflict',
      'The bucket holds this very backup without an envelope, and nothing opens it. So an older database was put back, and the backup was shredded in between; or somebody deleted the envelope.',
      { fix: 'Nothing of it can be used: back up again.' },
    )
}

/** An envelope is remembered before it is stored: whoever stored this one is not in these records any more. */
function isThereAlready(cause?: AppError): AppError {
  const message =
    'The bucket holds an envelope of this very backup that the database does not know. So an older database was put back, and the backup was made in between; or somebody else stored it. If a backup is complete there, it was left as it is.'
  return new AppError('conflict', message, {
    cause,
    fix: 'Delete this failed one: that leaves a complete one there as it is, and a newer catalogue (byok catalog import) brings it back, or byok recover opens it. If none is complete there, back up again.',
  })
}

async function prepareKey({ protection, identity, onEnvelope }: WriteBackupOptions): Promise<{
  codec: Codec
  /** To be stored; the same bytes again after an attempt that may have ended before it did so. */
  envelope?: Uint8Array
  isNew: boolean
}> {
  if (protection.method === 'none') return { codec: plainCodec, isNew: false }
  const { earlier } = protection
  if (earlier) {
    const { backupKey } = await openEnvelope(earlier.bytes, earlier.keys, identity, earlier)
    return { codec: encryptedCodec(backupKey, identity.backup), envelope: earlier.bytes, isNew: false }
  }
  const { backupKey, envelope } = await createEnvelope(protection.keys, identity)
  await onEnvelope?.(envelope)
  return { codec: encryptedCodec(backupKey, identity.backup), envelope: envelope.bytes, isNew: true }
}
