import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { atTheBeginning } from '#lib/archive/pack-state.ts'
import { identityOf } from './backup-for-tests.ts'
import type { Checkpoint } from './checkpoint.ts'
import { encryptedCodec } from './codec.ts'
import { MemoryJournal } from './journal-for-tests.ts'
import { noEntries } from './write-entries.ts'
import { JournalWriter } from './write-journal.ts'

const entries = { ...noEntries, newPart: false }
const checkpoint: Checkpoint = { source: '', position: 0, pack: atTheBeginning, links: [], entries }
const stored = (index: number) => ({
  place: { kind: 'segment' as const, attempt: 1, index },
  size: 1,
  sha256: '0'.repeat(64),
  length: 1,
})

test('segments that are stored in one moment, the second before the first, let the others go', async () => {
  const journal = new MemoryJournal()
  const writer = new JournalWriter({
    ...{ journal, identity: identityOf('one'), earlier: [] },
    codec: encryptedCodec(randomBytes(32), 'one'),
    onError: (error) => {
      throw error
    },
  })
  for (const segments of [1, 2, 3]) writer.expect(segments, checkpoint)
  const third = writer.mayStore({ kind: 'segment', attempt: 1, index: 2 })
  writer.stored(stored(1))
  writer.stored(stored(0))
  await writer.settle()
  expect([...journal.checkpoints.keys()]).toEqual([1, 2])
  await third
})
