import { eachOf } from '#lib/each-of.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { TarCheck } from './check-tar.ts'
import { EntryIndex } from './entry-index.ts'
import { backupFolder, ENVELOPE, MANIFEST, partName, partTitle } from './layout.ts'
import type { Part } from './manifest.ts'
import { type OpenBackupOptions, type OpenedBackup, openCodec, openManifest } from './open-backup.ts'
import { readPart } from './read-part.ts'
import type { VerifyDepth, VerifyProblem } from './schema.ts'

// 1. Open the envelope: whatever is wrong with it ends the verification, for nothing else can be looked at.
// 2. Read the manifest, likewise.
// 3. quick: ask the store for size and SHA-256 of every object. full: fetch, authenticate and decompress every object,
//    and compare the tar stream with the list of entries. What is wrong is listed; the rest is still looked at.

const LOOKS_AT_ONCE = 16
const SEGMENTS_AHEAD = 3
const PROBLEMS_KEPT = 100

export interface VerifyOptions extends OpenBackupOptions {
  readonly depth: VerifyDepth
  readonly onProgress?: (progress: { objects: number; bytes: number; bytesTotal: number; current: string }) => void
  readonly signal?: AbortSignal
}

export interface VerifyResult {
  /** Objects that were looked at, envelope and manifest with them. */
  readonly objects: number
  /** Bytes of content: of all parts whose objects are as they should be. */
  readonly bytes: number
  /** The first 100. */
  readonly problems: readonly VerifyProblem[]
  readonly problemCount: number
}

/** Throws AppError where nothing can be said: the key refuses, the store or the key cannot be reached; and `signal.reason`. */
export async function verifyBackup(options: VerifyOptions): Promise<VerifyResult> {
  const found = new Findings()
  const backup = await open(options, found)
  if (backup) {
    const look = options.depth === 'quick' ? lookAtAll : readAll
    await look(backup, options, found)
  }
  const { objects, bytes, problems, problemCount } = found
  return { objects, bytes, problems, problemCount }
}

class Findings {
  objects = 0
  bytes = 0
  problemCount = 0
  readonly problems: VerifyProblem[] = []

  /** Throws what says nothing of the object. */
  add(object: string, error: unknown): void {
    if (!(error instanceof AppError) || !(error.code === 'integrity' || error.code === 'not-found')) throw error
    this.problemCount += 1
    if (this.problems.length < PROBLEMS_KEPT) this.problems.push({ object, message: messageOf(error) })
  }
}

async function open(options: OpenBackupOptions, found: Findings): Promise<OpenedBackup | undefined> {
  const { store, identity, protection } = options
  let object = ENVELOPE
  try {
    const codec = await openCodec(options)
    if (protection.method === 'keys') found.objects += 1
    object = MANIFEST
    const manifest = await openManifest(codec, options)
    found.objects += 1
    return { store, codec, identity, manifest }
  } catch (error) {
    found.add(object, error)
    return undefined
  }
}

async function lookAtAll(backup: OpenedBackup, { onProgress, signal }: VerifyOptions, found: Findings): Promise<void> {
  const parts = [...backup.manifest.segments, ...backup.manifest.entries]
  const bytesTotal = parts.reduce((sum, part) => sum + part.length, 0)
  await eachOf(parts, LOOKS_AT_ONCE, async (part) => {
    signal?.throwIfAborted()
    const name = partName(part.place)
    try {
      await lookAt(backup, part)
      found.bytes += part.length
    } catch (error) {
      found.add(name, error)
    }
    found.objects += 1
    onProgress?.({ objects: found.objects, bytes: found.bytes, bytesTotal, current: name })
  })
  found.problems.sort((a, b) => (a.object < b.object ? -1 : 1))
}

async function lookAt(backup: OpenedBackup, part: Part): Promise<void> {
  const name = partName(part.place)
  const facts = await backup.store.look(backupFolder(backup.identity) + name)
  const bad = (what: string) => new AppError('integrity', `${partTitle(part.place, backup.identity.backup)} ${what}`)
  if (!facts) throw bad(`is missing: the bucket has no object ${name}.`)
  if (facts.size !== part.size) throw bad(`has ${facts.size} bytes instead of ${part.size}.`)
  if (facts.sha256 !== undefined && facts.sha256 !== part.sha256)
    throw bad('is not what was written: the SHA-256 that the bucket keeps of it differs.')
}

async function readAll(backup: OpenedBackup, options: VerifyOptions, found: Findings): Promise<void> {
  const { onProgress, signal } = options
  const { store, codec, identity, manifest } = backup
  const bytesTotal = [...manifest.segments, ...manifest.entries].reduce((sum, part) => sum + part.length, 0)
  const read = async (part: Part): Promise<Buffer | undefined> => {
    const name = partName(part.place)
    try {
      const content = await readPart(store, codec, identity, part)
      found.bytes += content.length
      return content
    } catch (error) {
      found.add(name, error)
      return undefined
    } finally {
      found.objects += 1
      onProgress?.({ objects: found.objects, bytes: found.bytes, bytesTotal, current: name })
    }
  }
  let listsWhole = true
  for (const part of manifest.entries) {
    signal?.throwIfAborted()
    if (!(await read(part))) listsWhole = false
  }
  let check = listsWhole ? new TarCheck(new EntryIndex(backup), manifest.totals) : undefined
  const checking = async (step: (check: TarCheck) => Promise<void>) => {
    try {
      if (check) await step(check)
    } catch (error) {
      // One sentence: after the first difference everything differs.
      check = undefined
      found.add('entries', error)
    }
  }
  const ahead: Promise<Buffer | undefined>[] = []
  for (const [index, part] of manifest.segments.entries()) {
    for (let next = index + ahead.length; ahead.length < SEGMENTS_AHEAD && next < manifest.segments.length; next += 1) {
      const segment = manifest.segments[next]
      if (!segment) break
      const reading = read(segment)
      reading.catch(() => {})
      ahead.push(reading)
    }
    signal?.throwIfAborted()
    const content = await ahead.shift()
    await checking((check) => check.next(part.length, content))
  }
  await checking((check) => check.end())
}
