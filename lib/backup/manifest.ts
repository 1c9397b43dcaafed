import { z } from 'zod'
import type { BytePath } from '#lib/archive/byte-path.ts'
import { bytesOf, textOrBase64 } from '#lib/archive/entry.ts'
import { AppError } from '#lib/errors.ts'
import { type BackupIdentity, FORMAT } from './encryption-context.ts'
import { encodeJsonLines, readJsonLines } from './json-lines.ts'
import { type PartKind, type PartPlace, parsePartName, partName } from './layout.ts'

/** A stored part and what it must be: checked before anything in it is used. */
export interface Part {
  readonly place: PartPlace
  /** Bytes of the stored object. */
  readonly size: number
  /** SHA-256 of the stored object, hexadecimal. */
  readonly sha256: string
  /** Bytes after decryption and decompression. */
  readonly length: number
  /** Of a part of the entries: the path of its first line, so that a reader finds a folder without reading them all. */
  readonly first?: BytePath
}

export interface BackupTotals {
  readonly files: number
  readonly folders: number
  /** Symbolic and hard links. */
  readonly links: number
  /** Bytes of content. */
  readonly bytes: number
  /** Things found and not, or not faithfully, backed up. */
  readonly warnings: number
}

export interface Manifest {
  readonly createdAt: string
  /** In order; their lengths add up to the tar stream. */
  readonly segments: readonly Part[]
  /** In order; each holds whole lines. */
  readonly entries: readonly Part[]
  readonly totals: BackupTotals
}

const count = z.int().min(0)
/** No part is larger: a reader holds a few whole ones. */
const partSize = count.max(256 * 1024 * 1024)
const headSchema = z.strictObject({
  type: z.literal('manifest'),
  format: z.literal(FORMAT),
  installation: z.string(),
  environment: z.string(),
  backup: z.string(),
  createdAt: z.iso.datetime(),
})
const partSchema = z.strictObject({
  type: z.literal('part'),
  name: z.string(),
  size: partSize,
  sha256: z.hex().length(64),
  length: partSize,
  first: z.string().optional(),
  firstBase64: z.base64().optional(),
})
const endSchema = z.strictObject({
  type: z.literal('end'),
  files: count,
  folders: count,
  links: count,
  bytes: count,
  warnings: count,
})

/** Lines of JSON: a head, every part in order, an end that shows it is whole. */
export function encodeManifest(manifest: Manifest, { installation, environment, backup }: BackupIdentity): Buffer {
  const { createdAt, segments, entries, totals } = manifest
  return encodeJsonLines([
    { type: 'manifest', format: FORMAT, installation, environment, backup, createdAt },
    ...[...segments, ...entries].map(({ place, size, sha256, length, first }) => ({
      type: 'part',
      name: partName(place),
      size,
      sha256,
      length,
      ...(first === undefined ? {} : textOrBase64('first', first)),
    })),
    { type: 'end', ...totals },
  ])
}

/** Throws AppError `integrity` on anything but a whole manifest of exactly this backup. */
export function parseManifest(bytes: Buffer, identity: BackupIdentity): Manifest {
  const bad = (what: string, cause?: unknown) =>
    new AppError('integrity', `The manifest of backup ${identity.backup} ${what}`, { cause })
  const { head, end, lines, parse } = readJsonLines(bytes, { head: headSchema, end: endSchema }, bad)
  const { type: _, ...totals } = end
  for (const name of ['installation', 'environment', 'backup'] as const)
    if (head[name] !== identity[name])
      throw bad(`belongs elsewhere: its ${name} is ${JSON.stringify(head[name])}, not "${identity[name]}".`)

  const parts: Record<PartKind, Part[]> = { segment: [], entries: [] }
  for (const line of lines) {
    const { name, size, sha256, length, ...more } = parse(partSchema, line)
    const first = bytesOf(more, 'first')
    const place = parsePartName(name)
    if (!place || place.index !== parts[place.kind].length)
      throw bad(`names the object ${JSON.stringify(name)} out of place.`)
    parts[place.kind].push({ place, size, sha256, length, ...(first === undefined ? {} : { first }) })
  }
  return { createdAt: head.createdAt, segments: parts.segment, entries: parts.entries, totals }
}
