import { exactText, toBytePath } from '#lib/archive/byte-path.ts'
import { type OpenFolder, openFolder } from '#lib/archive/open-folder.ts'
import { packTree } from '#lib/archive/pack-tree.ts'
import { SegmentCutter } from '#lib/archive/segment-cutter.ts'
import { reasonOf, systemCode } from '#lib/archive/system-error.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, encryptedCodec, plainCodec, sha256Of } from './codec.ts'
import { type BackupIdentity, manifestContext } from './context.ts'
import {
  createEnvelope,
  type ExpectedEnvelope,
  type OpeningKey,
  openEnvelope,
  type SealedEnvelope,
} from './envelope.ts'
import { backupFolder, ENVELOPE, MANIFEST } from './layout.ts'
import { type BackupTotals, encodeManifest, type Manifest } from './manifest.ts'
import { type BackupProgress, throttled } from './progress.ts'
import { readManifest } from './read-manifest.ts'
import { EntryWriter, type PathWarning } from './write-entries.ts'
import { PartWriter } from './write-parts.ts'

// 1. Make a backup key and wrap it with every key (or unwrap it from the envelope of an earlier attempt).
// 2. Let the caller remember the envelope, then store it: from here on whatever is stored can be opened.
// 3. Read the source as a tar stream, cut it into segments, seal and store several at a time; list the entries likewise.
// 4. When all of that is stored, store the manifest. Only now the backup exists.

const SEGMENT_SIZE = 16 * 1024 * 1024
/** Parts being sealed or stored; and, apart from them, segments being filled or waiting. */
const IN_FLIGHT = 4
const TAR_BUFFERS = 3

/** For a further attempt: the envelope that an earlier one made, and what opens it. */
export interface EarlierEnvelope extends ExpectedEnvelope {
  readonly bytes: Uint8Array
  readonly keys: readonly OpeningKey[]
}

export type WriteProtection =
  | { readonly method: 'keys'; readonly keys: readonly KeyWrapper[]; readonly earlier?: EarlierEnvelope }
  | { readonly method: 'none' }

export interface WriteBackupOptions {
  readonly store: ObjectStore
  readonly protection: WriteProtection
  readonly identity: BackupIdentity
  /** An absolute path without links in it. */
  readonly source: string
  /** Decides by a path relative to the source, parts joined by `/`. True: left out, with everything under it. */
  readonly exclude?: (path: string) => boolean
  /** From 1, and never the same for two runs of one backup. */
  readonly attempt: number
  /** Called with a new envelope before it is stored. What it returns is awaited: remember the envelope there. */
  readonly onEnvelope?: (envelope: SealedEnvelope) => Promise<void>
  /** Called at most every 100 ms. */
  readonly onProgress?: (progress: BackupProgress) => void
  readonly signal?: AbortSignal
  /** Bytes of tar stream in one segment; 16 MiB unless told. */
  readonly segmentSize?: number
}

export interface BackupResult extends BackupTotals {
  /** Bytes of all parts and the manifest. */
  readonly storedBytes: number
  readonly segments: number
  readonly manifestSha256: string
  readonly manifestSize: number
  /** The first 1,000; `warnings` counts them all. */
  readonly warningList: readonly PathWarning[]
}

/**
 * Backs up a folder. Throws AppError: what the store and the keys throw, `not-found` or `denied` for the source; and
 * `signal.reason` when aborted. What is stored before that is found by listing the backup's folder.
 */
export async function writeBackup(options: WriteBackupOptions): Promise<BackupResult> {
  const { store, identity, attempt, signal } = options
  signal?.throwIfAborted()
  const source = openSource(options.source)
  try {
    const { codec, envelope } = await prepareKey(options)
    const finished = attempt > 1 ? await finishedBefore(options, codec) : undefined
    if (finished) return finished
    if (envelope) await store.create(backupFolder(identity) + ENVELOPE, envelope)

    const { manifest, warnings } = await writeParts(source, codec, options)
    const object = await codec.seal(encodeManifest(manifest, identity), manifestContext(identity))
    signal?.throwIfAborted()
    try {
      await store.create(backupFolder(identity) + MANIFEST, object)
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

function openSource(source: string): OpenFolder {
  try {
    return openFolder(toBytePath(source))
  } catch (cause) {
    const code = systemCode(cause)
    const message = `The folder ${source} cannot be backed up: ${reasonOf(cause)}.`
    if (code === 'ENOENT') throw new AppError('not-found', `The folder ${source} does not exist.`, { cause })
    if (code === 'ENOTDIR') throw new AppError('invalid', `${source} is not a folder.`, { cause })
    throw new AppError(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'unavailable', message, { cause })
  }
}

async function writeParts(
  source: OpenFolder,
  codec: Codec,
  options: WriteBackupOptions,
): Promise<{ manifest: Manifest; warnings: readonly PathWarning[] }> {
  const { store, identity, attempt, exclude, segmentSize = SEGMENT_SIZE } = options
  const writer = new PartWriter(store, codec, identity, IN_FLIGHT)
  const entries = new EntryWriter(writer, attempt)
  const cutter = new SegmentCutter(segmentSize, TAR_BUFFERS, ({ index, bytes, release }) => {
    void writer.add({ kind: 'segment', attempt, index }, bytes, release)
  })
  let bytesRead = 0
  const report = throttled<BackupProgress>(options.onProgress, (currentPath) => ({
    filesDone: entries.totals.files,
    bytesRead,
    bytesStored: writer.storedBytes,
    currentPath,
  }))
  try {
    await packTree({
      source,
      cutter,
      signal: options.signal ? AbortSignal.any([options.signal, writer.failed]) : writer.failed,
      ...(exclude ? { exclude: (path) => exclude(exactText(path) ?? path) } : {}),
      onItem: (item) => {
        report(item.path)
        return entries.add(item)
      },
      onRead: (path, bytes) => {
        bytesRead += bytes
        report(path)
      },
    })
    await entries.finish()
  } finally {
    await writer.settle()
  }
  writer.failed.throwIfAborted()
  const ofKind = (kind: string) =>
    writer.parts.filter(({ place }) => place.kind === kind).sort((a, b) => a.place.index - b.place.index)
  const manifest = {
    createdAt: new Date().toISOString(),
    segments: ofKind('segment'),
    entries: ofKind('entries'),
    totals: entries.totals,
  }
  return { manifest, warnings: entries.warnings }
}

async function prepareKey({ protection, identity, onEnvelope }: WriteBackupOptions): Promise<{
  codec: Codec
  /** To be stored; the same bytes again after an attempt that may have ended before it did so. */
  envelope?: Uint8Array
}> {
  if (protection.method === 'none') return { codec: plainCodec }
  const { earlier } = protection
  if (earlier) {
    const { backupKey } = await openEnvelope(earlier.bytes, earlier.keys, identity, earlier)
    return { codec: encryptedCodec(backupKey, identity.backup), envelope: earlier.bytes }
  }
  const { backupKey, envelope } = await createEnvelope(protection.keys, identity)
  await onEnvelope?.(envelope)
  return { codec: encryptedCodec(backupKey, identity.backup), envelope: envelope.bytes }
}

/** The result of an earlier attempt that stored its manifest and did not live to say so. */
async function finishedBefore(
  { store, identity }: WriteBackupOptions,
  codec: Codec,
): Promise<BackupResult | undefined> {
  try {
    const { manifest, object } = await readManifest(store, codec, identity)
    return { ...resultOf(manifest, object), warningList: [] }
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined
    throw error
  }
}

function resultOf(manifest: Manifest, object: Uint8Array): BackupResult {
  const parts = [...manifest.segments, ...manifest.entries]
  return {
    ...manifest.totals,
    segments: manifest.segments.length,
    storedBytes: parts.reduce((sum, part) => sum + part.size, object.length),
    manifestSha256: sha256Of(object),
    manifestSize: object.length,
    warningList: [],
  }
}
