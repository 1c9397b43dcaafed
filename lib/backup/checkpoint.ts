import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'
import { encodeEntry, parseEntry } from '#lib/archive/entry.ts'
import type { FirstName } from '#lib/archive/hard-links.ts'
import type { PackState } from '#lib/archive/pack-state.ts'
import { AppError } from '#lib/errors.ts'
import { partName } from './layout.ts'
import type { Part } from './manifest.ts'
import type { EntriesChange } from './write-entries.ts'

// A checkpoint is one line of JSON, and after it the lines of entries that have come since the checkpoint before. Where
// the source was left is whole in every one; what only grows (entries, hard links, warnings) is added up from the first
// on, so that all of them together cost as much as the list of entries.

/** Where a backup stands at the end of a segment. */
export interface Checkpoint {
  /** What is backed up and how it is cut: another backup's state would be of no use. */
  readonly source: string
  /** Bytes of the tar stream. */
  readonly position: number
  readonly pack: PackState
  readonly links: readonly FirstName[]
  readonly entries: EntriesChange
}

const whole = z.int().min(0)
const bigint = z
  .string()
  .regex(/^-?\d{1,20}$/)
  .transform(BigInt)
const headSchema = z.strictObject({
  type: z.literal('checkpoint'),
  source: z.string(),
  position: whole,
  /** SHA-256 over the parts that it builds on: see `PartsHash`. */
  parts: z.hex().length(64),
  done: z.strictObject({ path: z.string(), step: z.enum(['again', 'into', 'past']) }).optional(),
  open: z
    .strictObject({
      entry: z.string(),
      identity: z
        .strictObject({ ino: bigint, birthtimeNs: bigint, size: bigint, mtimeNs: bigint, ctimeNs: bigint })
        .optional(),
    })
    .optional(),
  /** Of versions that did not look at these there is none. */
  way: z.array(z.strictObject({ ino: bigint, birthtimeNs: bigint })).default([]),
  endAt: whole.optional(),
  links: z.array(z.tuple([z.string(), z.string()])),
  entryParts: whole,
  newPart: z.boolean(),
  firsts: z.array(z.string()),
  warnings: z.array(z.strictObject({ path: z.string(), message: z.string() })),
  totals: z.strictObject({ files: whole, folders: whole, links: whole, bytes: whole, warnings: whole }),
})

/** @param parts SHA-256 over the parts that it builds on */
export function encodeCheckpoint({ source, position, pack, links, entries }: Checkpoint, parts: string): Buffer {
  const { done, open, way, endAt } = pack
  const { parts: entryParts, newPart, firsts, warnings, totals } = entries
  const head = {
    type: 'checkpoint',
    source,
    position,
    parts,
    done,
    open: open && { entry: encodeEntry(open.entry), identity: open.identity },
    way: way.map(({ ino, birthtimeNs }) => ({ ino, birthtimeNs })),
    endAt,
    links,
    entryParts,
    newPart,
    firsts,
    warnings,
    totals,
  }
  const text = JSON.stringify(head, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
  return Buffer.from([text, ...entries.lines].join('\n'))
}

/** Throws AppError `integrity` on anything that `encodeCheckpoint` does not write. */
export function parseCheckpoint(content: Buffer): { checkpoint: Checkpoint; parts: string } {
  const [text = '', ...lines] = content.toString('utf8').split('\n')
  let head: z.infer<typeof headSchema>
  try {
    head = headSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError('integrity', 'It is not as this version writes it.', { cause })
  }
  const { source, position, parts, done, open, way, endAt, links, entryParts, newPart, firsts, warnings, totals } = head
  const pack = { done, open: open && openEntry(open), way, endAt }
  const entries = { parts: entryParts, newPart, firsts, lines, warnings, totals }
  return { checkpoint: { source, position, pack, links, entries }, parts }
}

function openEntry({ entry, identity }: NonNullable<z.infer<typeof headSchema>['open']>) {
  const parsed = parseEntry(entry)
  if (parsed.type === 'skipped') throw new AppError('integrity', 'What it begins with has no content.')
  return { entry: parsed, identity }
}

/** The hash so far: SHA-256 over name, size, checksum and length of every part, each kind in its order. */
export class PartsHash {
  readonly #segments = createHash('sha256')
  readonly #entries = createHash('sha256')

  add({ place, size, sha256, length }: Part): void {
    const hash = place.kind === 'segment' ? this.#segments : this.#entries
    hash.update(`${partName(place)} ${size} ${sha256} ${length}\n`)
  }

  get value(): string {
    const soFar = (hash: Hash) => hash.copy().digest('hex')
    return createHash('sha256')
      .update(soFar(this.#segments) + soFar(this.#entries))
      .digest('hex')
  }
}
