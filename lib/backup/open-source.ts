import { closeSync, fstatSync } from 'node:fs'
import { type BytePath, toBytePath } from '#lib/archive/byte-path.ts'
import { openNow } from '#lib/archive/open-file.ts'
import { openFolder, reachedByNoLink, type Way, wayByNoLink } from '#lib/archive/open-folder.ts'
import type { Incoming } from '#lib/archive/pack-incoming.ts'
import { type OnPass, pathFilter } from '#lib/archive/path-filter.ts'
import { checkedParts } from '#lib/archive/restore-path.ts'
import { reasonOf, systemCode } from '#lib/archive/system-error.ts'
import { type Arrival, type Found, type WalkStart, walkTree } from '#lib/archive/walk-tree.ts'
import { AppError } from '#lib/errors.ts'
import { mustLeadThroughNoLink } from './folders.ts'
import type { BackupSource, FilesSource, PlaceSource, StreamSource } from './source.ts'

/** A source that is there. */
export type OpenedSource = OpenedPlace | { readonly incoming: AsyncIterable<Incoming>; readonly close: () => void }

interface OpenedPlace {
  /** The same for the same folder or file and patterns: what was finished of it may be gone on with. */
  readonly name: string
  readonly all: () => Iterable<Found>
  /** What there is from some place on. */
  readonly walk: (start: WalkStart | undefined) => Iterable<Found | Arrival>
  readonly close: () => void
}

/** Throws AppError `not-found`, `denied`, `invalid` or `unavailable` when there is nothing that can be backed up. */
export function openSource(source: BackupSource): OpenedSource {
  if (source.kind === 'stream') return { incoming: oneFile(source), close: () => {} }
  if (source.kind === 'files') return { incoming: severalFiles(source), close: () => {} }
  return openPlace(source)
}

/** @param onPass is told of what patterns leave out. Throws as `openSource` does. */
export function openPlace(source: PlaceSource, onPass?: OnPass): OpenedPlace {
  const { kind, path } = source
  try {
    if (kind === 'folder') {
      const { include, exclude } = source
      const root = reachedByNoLink(toBytePath(path), openFolder)
      const { ino, birthtimeNs } = root.stat
      const filter = pathFilter(include, exclude, onPass)
      return {
        // Where a disk is not mounted lies another folder of the same name, and the top of most disks has the same number.
        name: JSON.stringify({ kind, path, include, exclude, ino: String(ino), born: String(birthtimeNs) }),
        all: () => walkTree(root, { filter }),
        walk: (start) => walkTree(root, { filter, start }),
        close: root.close,
      }
    }
    const way = wayToFile(path)
    const walk = (start?: WalkStart) => walkFile(way.at, start)
    return { name: JSON.stringify({ kind, path }), all: walk, walk, close: way.close }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    if (systemCode(cause) === 'ENOTDIR') mustLeadThroughNoLink(path, `Name the ${kind} by its real path.`)
    throw cannotOpen(source, cause)
  }
}

function wayToFile(path: string): Way {
  const way = wayByNoLink(toBytePath(path))
  try {
    const fd = openNow(way.at)
    const isFile = fstatSync(fd).isFile()
    closeSync(fd)
    if (!isFile) throw new AppError('invalid', `${path} is not a file.`)
    return way
  } catch (error) {
    way.close()
    throw error
  }
}

function cannotOpen({ kind, path }: { kind: 'folder' | 'file'; path: string }, cause: unknown): AppError {
  const code = systemCode(cause)
  if (code === 'ENOENT') return new AppError('not-found', `The ${kind} ${path} does not exist.`, { cause })
  if (code === 'ENOTDIR' || code === 'ELOOP') return new AppError('invalid', `${path} is not a ${kind}.`, { cause })
  const message = `The ${kind} ${path} cannot be backed up: ${reasonOf(cause)}.`
  return new AppError(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'unavailable', message, { cause })
}

function* walkFile(at: BytePath, start?: WalkStart): Generator<Found> {
  if (start?.step !== 'past') yield { type: 'file', path: at.slice(at.lastIndexOf('/') + 1), at }
}

async function* oneFile({ name, size, bytes }: StreamSource): AsyncGenerator<Incoming> {
  yield { path: checkedPath(name), size, mtimeNs: BigInt(Date.now()) * 1_000_000n, bytes }
}

async function* severalFiles({ files }: FilesSource): AsyncGenerator<Incoming> {
  for await (const { path, size, mtime = new Date(), bytes } of files)
    yield { path: checkedPath(path), size, mtimeNs: BigInt(mtime.getTime()) * 1_000_000n, bytes }
}

function checkedPath(text: string): BytePath {
  const path = toBytePath(text)
  try {
    const parts = checkedParts(path)
    if (parts.length > 0 && parts.every((part) => part.length <= 255)) return path
  } catch {
    // Said below, in words for who sends it.
  }
  throw new AppError('invalid', `“${text}” cannot be the name of a file in a backup.`, {
    fix: 'A name is relative, has no empty part, “.” or “..”, and each part has at most 255 bytes.',
  })
}
