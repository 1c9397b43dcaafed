import type { Tx } from '#lib/db.ts'
import { type ChainEnd, type ChainedEvent, hashAfter } from './chain.ts'
import { type LinkedEvent, readChain } from './read-chain.ts'

export interface Walked {
  /** The last entry that is in order. */
  readonly end: ChainEnd
  readonly first: ChainedEvent | undefined
  /** A sentence: which entry is not in order, and what is wrong with it. */
  readonly fault: string | undefined
}

/**
 * Makes the hash of each entry once more, to the end of the chain.
 * @param from the entry that is known to be in order
 * @param judge says what else is wrong with an entry whose hash fits
 */
export async function walkChain(
  db: Tx,
  from: ChainEnd,
  judge: (end: ChainEnd) => Promise<string | undefined> | undefined = () => undefined,
): Promise<Walked> {
  let end = from
  let first: ChainedEvent | undefined
  for await (const entries of readChain(db, { after: from.number })) {
    for (const [index, entry] of entries.entries()) {
      const fault = faultOf(end, entry, () => entries.slice(index + 1)) ?? (await judge(entry))
      if (fault !== undefined) return { end, first, fault }
      first ??= entry.event
      end = { number: entry.number, hash: entry.hash }
    }
  }
  return { end, first, fault: undefined }
}

function faultOf(before: ChainEnd, entry: LinkedEvent, next: () => readonly LinkedEvent[]): string | undefined {
  const number = before.number + 1n
  if (entry.number !== number) return `Entry ${number} was removed from the chain.`
  const { event } = entry
  if (!event) return `Entry ${number} was removed: its event, ID ${entry.eventId}, is not there any more.`
  if (hashAfter(before.hash, event) === entry.hash) return undefined
  const fitting = next().find(
    ({ event: other }) => other && hashAfter(before.hash, { ...other, number: String(number) }) === entry.hash,
  )
  if (fitting)
    return `Entry ${number} was moved: the event in its place, ID ${event.id}, belongs elsewhere, and the one with ID ${fitting.eventId} belongs there.`
  return `Entry ${number}, ID ${event.id} of ${event.at}, was changed since it was written.`
}
