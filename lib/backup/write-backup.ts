import { displayPath } from '#lib/archive/byte-path.ts'
import { HardLinks } from '#lib/archive/hard-links.ts'
import { packIncoming } from '#lib/archive/pack-incoming.ts'
import { type PackOptions, TreePacker } from '#lib/archive/pack-tree.ts'
import { SegmentCutter } from '#lib/archive/segment-cutter.ts'
import { AppError, messageOf } from '#lib/errors.ts'
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
import type { Journal } from './journal.ts'
import { backupFolder, ENVELOPE, MANIFEST } from './layout.ts'
import { listEntries } from './list-entries.ts'
import { type BackupTotals, encodeManifest, type Manifest, type Part } from './manifest.ts'
import type { OpenedBackup } from './open-backup.ts'
import { type OpenedSource, openSource } from './open-source.ts'
import { type Patience, patient, patiently } from './patience.ts'
import { type BackupProgress, throttled } from './progress.ts'
import { type ResumePoint, readJournal } from './read-journal.ts'
import { MAX_SEGMENTS, readManifest } from './read-manifest.ts'
import type { BackupSource } from './source.ts'
import { EntryWriter, noEntries, type PathWarning, WARNINGS_KEPT } from './write-entries.ts'
import { JournalWriter } from './write-journal.ts'
import { PartWriter } from './write-parts.ts'

// 1. Make a backup key and wrap it with every key (or unwrap it from the envelope of an earlier attempt).
// 2. Let the caller remember the envelope, then store it: from here on whatever is stored can be opened.
// 3. Find out from the journal what an earlier attempt finished, and go on from there.
// 4. Read the source as a tar stream, cut it into segments, seal and store several at a time; list the entries likewise.
//    When a segment and all before it are stored, the journal says how to go on after it.
// 5. When all of that is stored, store the manifest. Only now the backup exists.

const SEGMENT_SIZE = 16 * 1024 * 1024
/** Parts being sealed or stored; and, apart from them, segments being filled or waiting. */
const IN_FLIGHT = 3
const TAR_BUFFERS = 2
/** A stream of unknown length keeps its first segment until the end. */
const SMALLEST_HELD = 4096

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
  readonly source: BackupSource
  /** From 1, and never the same for two runs of one backup. */
  readonly attempt: number
  /** Called with a new envelope before it is stored. What it returns is awaited: remember the envelope there. */
  readonly onEnvelope?: (envelope: SealedEnvelope) => Promise<void>
  /** Called at most every 100 ms. */
  readonly onProgress?: (progress: BackupProgress) => void
  /** Where finished parts are remembered, so that a further attempt goes on from them. */
  readonly journal?: Journal
  readonly signal?: AbortSignal
  /** Bytes of tar stream in one segment; 16 MiB unless told. */
  readonly segmentSize?: number
  /** How often storing a part is tried, beyond what the store does by itself. */
  readonly patience?: Patience
}

export interface BackupResult extends BackupTotals {
  /** Bytes of all parts and the manifest. */
  readonly storedBytes: number
  readonly segments: number
  /** What the manifest names. */
  readonly parts: readonly Part[]
  readonly manifestSha256: string
  readonly manifestSize: number
  /** The first 1,000; `warnings` counts them all. */
  readonly warningList: readonly PathWarning[]
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
    const { codec, envelope } = await prepareKey(options)
    const finished = attempt > 1 ? await finishedBefore(options, codec) : undefined
    if (finished) return finished
    if ('incoming' in source && attempt > 1)
      throw new AppError('conflict', 'The bytes of this backup came once and cannot be read again.', {
        fix: 'Start it again from its source.',
      })
    const create = (name: string, bytes: Uint8Array) =>
      patiently(
        () => store.create(backupFolder(identity) + name, bytes),
        patience,
        signal ?? new AbortController().signal,
      )
    if (envelope) await create(ENVELOPE, envelope)

    const { manifest, warnings } = await writeParts(source, codec, options)
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

async function writeParts(
  source: OpenedSource,
  codec: Codec,
  options: WriteBackupOptions,
): Promise<{ manifest: Manifest; warnings: readonly PathWarning[] }> {
  const { store, identity, attempt, signal, journal, patience = patient, segmentSize = SEGMENT_SIZE } = options
  const name = 'incoming' in source ? undefined : `${segmentSize} ${source.name}`
  const resumed = journal && name !== undefined ? await whereToGoOn(journal, codec, identity, name) : undefined
  const keeper =
    journal && name !== undefined
      ? new JournalWriter({
          journal,
          codec,
          identity,
          earlier: resumed?.parts ?? [],
          onError: (error) => writer.fail(error),
        })
      : undefined
  const writer: PartWriter = new PartWriter({
    store,
    codec,
    identity,
    inFlight: IN_FLIGHT,
    patience,
    earlier: resumed?.parts ?? [],
    signal,
    ...(keeper && {
      mayStore: (place) => keeper.mayStore(place),
      onStored: (part) => keeper.stored(part),
    }),
  })
  writer.stopped.addEventListener('abort', () => keeper?.release())
  const entries = new EntryWriter(writer, attempt, resumed?.entries ?? noEntries)
  const links = new HardLinks(resumed?.links)
  const size = 'incoming' in source ? Math.max(segmentSize, SMALLEST_HELD) : segmentSize
  const buffers = 'incoming' in source ? TAR_BUFFERS + 1 : TAR_BUFFERS
  const cutter = new SegmentCutter(
    size,
    buffers,
    ({ index, bytes, release }) => {
      if (index >= MAX_SEGMENTS) writer.fail(tooLarge(cutter.position))
      if (keeper && packer)
        keeper.expect(index + 1, {
          source: name ?? '',
          position: cutter.position,
          pack: packer.state,
          links: links.takeAdded(),
          entries: entries.takeChange(),
        })
      void writer.add({ kind: 'segment', attempt, index }, bytes, release)
    },
    resumed && { index: resumed.segments, position: resumed.position },
  )
  let bytesRead = resumed ? bytesBefore(resumed) : 0
  const report = throttled<BackupProgress>(options.onProgress, (currentPath) => ({
    filesDone: entries.totals.files,
    bytesRead,
    bytesStored: writer.storedBytes,
    retries: writer.retries,
    currentPath,
  }))
  const packing: PackOptions = {
    cutter,
    links,
    signal: writer.stopped,
    onItem: (item) => {
      report(item.path)
      return entries.add(item)
    },
    onRead: (path, bytes) => {
      bytesRead += bytes
      report(path)
    },
    ...(resumed && { from: resumed.pack }),
  }
  const packer = 'incoming' in source ? undefined : new TreePacker(packing)
  try {
    if ('incoming' in source) await packIncoming(source.incoming, packing)
    else await packer?.pack(source.walk)
    await entries.finish()
  } catch (error) {
    writer.fail(error)
  } finally {
    await writer.settle()
    await keeper?.settle()
  }
  writer.stopped.throwIfAborted()
  const ofKind = (kind: string) =>
    writer.parts.filter(({ place }) => place.kind === kind).sort((a, b) => a.place.index - b.place.index)
  const manifest = {
    createdAt: new Date().toISOString(),
    segments: ofKind('segment'),
    entries: ofKind('entries').map((part, index) => withFirst(part, entries.firsts[index])),
    totals: entries.totals,
  }
  return { manifest, warnings: entries.warnings }
}

/** Said now, and not by whoever tries to restore it. */
function tooLarge(bytes: number): AppError {
  return new AppError('invalid', `More than ${Math.floor(bytes / 2 ** 40)} TiB do not fit into one backup.`, {
    fix: 'Make several of it: back up the folders in it one by one.',
  })
}

function withFirst(part: Part, first: string | undefined): Part {
  return first === undefined ? part : { ...part, first }
}

/** Undefined to begin at the beginning: because there is nothing yet, or nothing that can be relied on. */
async function whereToGoOn(
  journal: Journal,
  codec: Codec,
  identity: BackupIdentity,
  source: string,
): Promise<ResumePoint | undefined> {
  let found: ResumePoint | undefined
  try {
    found = await readJournal(journal, codec, identity, source)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'integrity') throw error
    console.error(
      JSON.stringify({
        level: 'warning',
        part: 'backup',
        backup: identity.backup,
        message: `It begins anew: ${messageOf(error)}`,
      }),
    )
  }
  if (!found) await journal.clear()
  return found
}

function bytesBefore({ position, pack, entries }: ResumePoint): number {
  const { open } = pack
  const begun = open?.entry.type === 'file' ? Math.min(Math.max(position - open.entry.data, 0), open.entry.size) : 0
  return entries.totals.bytes + begun
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
    return { ...resultOf(manifest, object), warningList: await warningsIn({ store, codec, identity, manifest }) }
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined
    throw error
  }
}

/** What that attempt knew of its warnings is gone with it; the list of entries has them all. */
async function warningsIn(backup: OpenedBackup): Promise<readonly PathWarning[]> {
  const found: PathWarning[] = []
  if (backup.manifest.totals.warnings === 0) return found
  for await (const { path, warning: message } of listEntries(backup)) {
    if (message !== undefined) found.push({ path: displayPath(path), message })
    if (found.length === WARNINGS_KEPT) break
  }
  return found
}

function resultOf(manifest: Manifest, object: Uint8Array): BackupResult {
  const parts = [...manifest.segments, ...manifest.entries]
  return {
    ...manifest.totals,
    segments: manifest.segments.length,
    parts,
    storedBytes: parts.reduce((sum, part) => sum + part.size, object.length),
    manifestSha256: sha256Of(object),
    manifestSize: object.length,
    warningList: [],
  }
}
