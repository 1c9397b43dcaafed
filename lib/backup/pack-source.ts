import { HardLinks } from '#lib/archive/hard-links.ts'
import { packIncoming } from '#lib/archive/pack-incoming.ts'
import { type PackOptions, TreePacker } from '#lib/archive/pack-tree.ts'
import { SegmentCutter } from '#lib/archive/segment-cutter.ts'
import { eachOf } from '#lib/each-of.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import { type ObjectStore, readingUntil } from '#lib/storage/object-store.ts'
import type { Codec } from './codec.ts'
import type { BackupIdentity } from './encryption-context.ts'
import type { Journal } from './journal.ts'
import { backupFolder, type PartKind, partName } from './layout.ts'
import type { Manifest, Part } from './manifest.ts'
import type { OpenedSource } from './open-source.ts'
import { type Patience, patient } from './patience.ts'
import { type BackupProgress, throttled } from './progress.ts'
import { type ResumePoint, readJournal } from './read-journal.ts'
import { MAX_SEGMENTS } from './read-manifest.ts'
import { EntryWriter, noEntries, type PathWarning } from './write-entries.ts'
import { JournalWriter } from './write-journal.ts'
import { PartWriter } from './write-parts.ts'

const SEGMENT_SIZE = 16 * 1024 * 1024
/** Parts being sealed or stored; and, apart from them, segments being filled or waiting. */
const IN_FLIGHT = 3
const TAR_BUFFERS = 2
/** A stream of unknown length keeps its first segment until the end. */
const SMALLEST_HELD = 4096

export interface PackSourceOptions {
  readonly store: ObjectStore
  readonly identity: BackupIdentity
  /** From 1, and never the same for two runs of one backup. */
  readonly attempt: number
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

/**
 * Seals and stores a source as the parts of a backup: its content in segments, and the list of its entries. Goes on where
 * the journal says that an earlier attempt was.
 * @throws AppError what the source, the store and the journal throw; `signal.reason`
 */
export async function packSource(
  source: OpenedSource,
  codec: Codec,
  options: PackSourceOptions,
): Promise<{ manifest: Manifest; warnings: readonly PathWarning[] }> {
  const { store, identity, attempt, signal, journal, patience = patient, segmentSize = SEGMENT_SIZE } = options
  const name = 'incoming' in source ? undefined : `${segmentSize} ${source.name}`
  const resumed =
    journal && name !== undefined
      ? await whereToGoOn(journal, codec, { store: signal ? readingUntil(store, signal) : store, identity }, name)
      : undefined
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
  return { manifest: manifestOf(writer, entries), warnings: entries.warnings }
}

function manifestOf(writer: PartWriter, entries: EntryWriter): Manifest {
  const ofKind = (kind: PartKind) =>
    writer.parts.filter(({ place }) => place.kind === kind).sort((a, b) => a.place.index - b.place.index)
  return {
    createdAt: new Date().toISOString(),
    segments: ofKind('segment'),
    entries: ofKind('entries').map((part, index) => withFirst(part, entries.firsts[index])),
    totals: entries.totals,
  }
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
  { store, identity }: Pick<PackSourceOptions, 'store' | 'identity'>,
  source: string,
): Promise<ResumePoint | undefined> {
  let found: ResumePoint | undefined
  let why: string | undefined
  try {
    found = await readJournal(journal, codec, identity, source)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'integrity') throw error
    why = messageOf(error)
  }
  const missing = found && (await missingPart(store, identity, found.parts))
  if (missing !== undefined) {
    why = `Of the parts that backup ${identity.backup} has stored, ${missing} is not in the bucket any more as it was.`
    found = undefined
  }
  if (why !== undefined) log('warning', 'backup', `It begins anew: ${why}`, { backup: identity.backup })
  if (!found) await journal.clear()
  return found
}

/**
 * The journal of an older database that was put back tells of parts that may have been deleted since. Their sizes alone
 * are looked at, in one list: whoever can write other bytes there could do so after this, too. Some stores list an object
 * only a while after it was stored, or not so that it can be relied on: what a list lacks is asked for by its name.
 */
async function missingPart(
  store: ObjectStore,
  identity: BackupIdentity,
  parts: readonly Part[],
): Promise<string | undefined> {
  const folder = backupFolder(identity)
  const unlisted = new Map(parts.map(({ place, size }) => [partName(place), size]))
  try {
    for await (const { key, size } of store.list(folder)) {
      const name = key.slice(folder.length)
      if (unlisted.get(name) === size) unlisted.delete(name)
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'integrity') throw error
  }
  let missing: string | undefined
  await eachOf(unlisted, lookedAtOnce, async ([name, size]) => {
    if (missing === undefined && (await store.look(folder + name))?.size !== size) missing ??= name
  })
  return missing
}
const lookedAtOnce = 8

function bytesBefore({ position, pack, entries }: ResumePoint): number {
  const { open } = pack
  const begun = open?.entry.type === 'file' ? Math.min(Math.max(position - open.entry.data, 0), open.entry.size) : 0
  return entries.totals.bytes + begun
}
