import type { FirstName } from '#lib/archive/hard-links.ts'
import type { PackState } from '#lib/archive/pack-state.ts'
import { AppError } from '#lib/errors.ts'
import { type Checkpoint, PartsHash, parseCheckpoint } from './checkpoint.ts'
import type { Codec } from './codec.ts'
import { type BackupIdentity, checkpointContext } from './encryption-context.ts'
import type { Journal } from './journal.ts'
import type { PartKind } from './layout.ts'
import type { Part } from './manifest.ts'
import { type EntriesState, noEntries } from './write-entries.ts'

/** Largest content of a checkpoint: the entries of one segment full of empty files, and long names. */
const MAX_CONTENT = 256 * 1024 * 1024

/** Where an earlier attempt is to be gone on with. */
export interface ResumePoint {
  /** In order, segments first. */
  readonly parts: readonly Part[]
  readonly segments: number
  readonly position: number
  readonly pack: PackState
  readonly links: readonly FirstName[]
  readonly entries: EntriesState
}

/**
 * What the journal says, once all of it is proven. Undefined when there is nothing to go on from: then, and when this
 * throws AppError `integrity`, the backup begins anew.
 * @param source as the checkpoints must name it
 */
export async function readJournal(
  journal: Journal,
  codec: Codec,
  identity: BackupIdentity,
  source: string,
): Promise<ResumePoint | undefined> {
  const { parts, checkpoints } = await journal.read()
  let state: { last: Checkpoint; hash: string; links: FirstName[]; entries: EntriesState } | undefined
  for (const [index, { segments, sealed }] of checkpoints.entries()) {
    const what = `Checkpoint ${segments} of backup ${identity.backup}`
    if (segments !== index + 1) throw new AppError('integrity', `${what} follows number ${index}.`)
    try {
      const content = await codec.open(sealed, checkpointContext(identity, segments), MAX_CONTENT)
      const { checkpoint, parts: hash } = parseCheckpoint(content)
      if (checkpoint.source !== source) throw new AppError('integrity', 'It is of another source.')
      const before = state?.entries ?? noEntries
      const links = state?.links ?? []
      for (const link of checkpoint.links) links.push(link)
      state = { last: checkpoint, hash, links, entries: added(before, checkpoint) }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'integrity') throw error
      throw new AppError('integrity', `${what} cannot be relied on. ${error.message}`, { cause: error })
    }
  }
  if (!state) return undefined
  const { last, hash, links, entries } = state
  const segments = allBefore(parts, 'segment', checkpoints.length)
  const used = [...segments, ...allBefore(parts, 'entries', entries.parts)]
  const found = new PartsHash()
  for (const part of used) found.add(part)
  if (found.value !== hash)
    throw new AppError('integrity', `The parts that backup ${identity.backup} has finished are not those it stored.`)
  const { position, pack } = last
  return { parts: used, segments: segments.length, position, pack, links, entries }
}

function added(before: EntriesState, { entries }: Checkpoint): EntriesState {
  const { parts, totals, newPart, firsts, lines, warnings } = entries
  return {
    parts,
    totals,
    firsts: before.firsts.concat(firsts),
    lines: newPart ? lines : before.lines.concat(lines),
    warnings: before.warnings.concat(warnings),
  }
}

function allBefore(parts: readonly Part[], kind: PartKind, count: number): Part[] {
  const found = parts.filter(({ place }) => place.kind === kind && place.index < count)
  return found.sort((a, b) => a.place.index - b.place.index)
}
