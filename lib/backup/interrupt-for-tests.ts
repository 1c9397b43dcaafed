import { AppError } from '#lib/errors.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import { failureOf, type Workbench } from './backup-for-tests.ts'
import type { BackupResult } from './backup-result.ts'
import type { SealedEnvelope } from './envelope.ts'
import { MemoryJournal } from './journal-for-tests.ts'
import type { WriteBackupOptions } from './write-backup.ts'

/** A store that ends, as a killed worker does, after some objects: what is under way is stored or not, by turns. */
export class CutStore extends MemoryStore {
  left = Number.POSITIVE_INFINITY
  #turn = 0

  constructor(objects: Map<string, Buffer>) {
    super()
    Object.assign(this, { objects })
  }

  override async create(key: string, body: Uint8Array): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.left -= 1
    this.#turn += 1
    if (this.left < 0 && this.#turn % 2 === 0) throw new AppError('denied', 'The worker is dead.')
    await super.create(key, body)
    if (this.left < 0) throw new AppError('denied', 'The worker is dead.')
  }
}

/** A backup `mine` in attempts: each call is the next one, and ends after that many objects where told. */
export async function resumable(bench: Workbench, journal = new MemoryJournal()) {
  let envelope: SealedEnvelope | undefined
  let attempt = 0
  return (objects = Number.POSITIVE_INFINITY, changes: Partial<WriteBackupOptions> = {}): Promise<BackupResult> => {
    attempt += 1
    const store = new CutStore(bench.store.objects)
    store.left = objects
    const keys = [{ keyId: bench.key.keyId, wrapper: bench.key }]
    return bench.backUp('mine', {
      store,
      journal,
      attempt,
      protection: { method: 'keys', keys: [bench.key], ...(envelope && { earlier: { ...envelope, keys } }) },
      onEnvelope: async (made) => {
        envelope = made
      },
      ...changes,
    })
  }
}

/** One interruption after `cut` objects, then to the end and back. */
export async function runCutInTwo(bench: Workbench, cut: number) {
  const run = await resumable(bench)
  await failureOf(run(cut))
  const result = await run()
  const { target } = await bench.restore('mine')
  return { result, target, again: await storedAgain(bench) }
}

/** Objects that were stored and are not in the manifest: what the interruption cost. */
export async function storedAgain(bench: Workbench) {
  const { manifest } = await bench.open('mine')
  const named = manifest.segments.length
  const stored = [...bench.store.objects.keys()].filter((key) => key.includes('/segments/')).length
  return { segments: stored - named }
}

/** A first attempt on a store that refuses, and what a second one needs. */
export async function interrupted(bench: Workbench, store: MemoryStore) {
  const journal = new MemoryJournal()
  let envelope: SealedEnvelope | undefined
  const onEnvelope = async (made: SealedEnvelope) => {
    envelope = made
  }
  await failureOf(bench.backUp('mine', { store, journal, onEnvelope }))
  if (!envelope) throw new Error('no envelope was made')
  const earlier = { ...envelope, keys: [{ keyId: bench.key.keyId, wrapper: bench.key }] }
  return { options: { journal, protection: { method: 'keys', keys: [bench.key], earlier } as const } }
}
