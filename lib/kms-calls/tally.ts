import type { OnKmsCall } from '#lib/aws/watch-kms-calls.ts'
import { type Db, databaseClock } from '#lib/db.ts'
import { messageOf } from '#lib/errors.ts'
import { log } from '#lib/log.ts'
import type { KmsPurpose } from './schema.ts'

const flushMs = 20_000
/** After a call that failed: the watch is to look at once, but not again and again. */
const soonMs = 1_000
const restMs = 60_000

/** Made with the credentials that backups are made with. A check may try others that somebody has just typed. */
const realUse: ReadonlySet<KmsPurpose> = new Set(['backup', 'restore', 'verify', 'browse', 're-wrap'])
/** The calls that a key must answer. Whatever else is asked for may be refused by right. */
const essential = new Set(['DescribeKey', 'Encrypt', 'Decrypt'])
/** Answers that a check provokes on purpose. */
const provoked = new Set(['InvalidCiphertextException', 'DryRunOperationException'])

/** Counts this process's calls of KMS in memory, and writes them to the database now and then: no call waits for it. */
export interface KmsTally {
  /** What counts calls for one purpose. */
  of(purpose: KmsPurpose): OnKmsCall
  flush(): Promise<void>
  /** Flushes for the last time. */
  close(): Promise<void>
}

/** What a backup or restore does proves a key, which the watch takes for a check; what fails makes it check at once. */
export function openKmsTally(db: Db): KmsTally {
  let counts = new Map<string, number>()
  let encrypted = new Map<string, number>()
  let decrypted = new Map<string, number>()
  let troubled = new Map<string, number>()
  let timer: { readonly at: number; readonly cancel: () => void } | undefined
  let flushing = Promise.resolve()

  function flushIn(ms: number): void {
    const at = performance.now() + ms
    if (timer && timer.at <= at) return
    timer?.cancel()
    const handle = setTimeout(() => void flush(), ms).unref()
    timer = { at, cancel: () => clearTimeout(handle) }
  }

  function flush(): Promise<void> {
    timer?.cancel()
    timer = undefined
    const taken = { counts, encrypted, decrypted, troubled }
    counts = new Map()
    encrypted = new Map()
    decrypted = new Map()
    troubled = new Map()
    flushing = flushing
      .then(() => write(db, taken))
      .catch((error: unknown) => {
        // A database that is away loses a proof, which costs one check more, but no count.
        for (const [key, requests] of taken.counts) counts.set(key, (counts.get(key) ?? 0) + requests)
        log('warning', 'kms-calls', messageOf(error))
      })
    return flushing
  }

  return {
    of: (purpose) => (call) => {
      const { key, operation, requests, fault } = call
      const at = performance.now()
      if (requests > 0) {
        const day = new Date().toISOString().slice(0, 10)
        const name = JSON.stringify([key, day, purpose, operation])
        counts.set(name, (counts.get(name) ?? 0) + requests)
      }
      if (purpose === 'health') return flushIn(flushMs)
      if (!fault && realUse.has(purpose) && operation === 'Encrypt') encrypted.set(key, at)
      if (!fault && realUse.has(purpose) && operation === 'Decrypt') decrypted.set(key, at)
      const wrong = fault !== undefined && essential.has(operation) && !provoked.has(fault.code)
      if (wrong) troubled.set(key, at)
      flushIn(wrong ? soonMs : flushMs)
    },
    flush,
    async close() {
      await flush()
    },
  }
}

/** The calls of each key: how many, and when the newest of their kind was, in milliseconds of this process. */
interface Taken {
  readonly counts: ReadonlyMap<string, number>
  readonly encrypted: ReadonlyMap<string, number>
  readonly decrypted: ReadonlyMap<string, number>
  readonly troubled: ReadonlyMap<string, number>
}

async function write(db: Db, { counts, encrypted, decrypted, troubled }: Taken): Promise<void> {
  if (encrypted.size + decrypted.size + troubled.size > 0) await writeProofs(db, { encrypted, decrypted, troubled })
  // Last, so that counts that are kept for another try are written nowhere.
  if (counts.size === 0) return
  // In one order, so that two processes never wait for each other.
  const rows = [...counts].sort(([one], [other]) => (one < other ? -1 : 1))
  const names = rows.map(([name]): string[] => JSON.parse(name))
  const column = (index: number) => names.map((name) => name[index] ?? '')
  await db.$executeRaw`
      INSERT INTO kms_calls (arn, day, purpose, operation, requests)
      SELECT * FROM unnest(${column(0)}::text[], ${column(1)}::date[], ${column(2)}::text[], ${column(3)}::text[],
        ${rows.map(([, requests]) => requests)}::int[])
      ON CONFLICT (arn, day, purpose, operation) DO UPDATE SET requests = kms_calls.requests + EXCLUDED.requests`
}

/**
 * By the database's clock, as the watch is: by one that is ahead a key would count as proven, and go untried, for as long.
 */
async function writeProofs(db: Db, { encrypted, decrypted, troubled }: Omit<Taken, 'counts'>): Promise<void> {
  const now = await databaseClock(db)
  const began = now().getTime() - performance.now()
  const timeOf = (at: number) => new Date(began + at)
  for (const [arn, at] of encrypted)
    await db.keyHealth.updateMany({ where: { arn }, data: { encryptProvenAt: timeOf(at) } })
  for (const [arn, at] of decrypted)
    await db.keyHealth.updateMany({ where: { arn }, data: { decryptProvenAt: timeOf(at) } })
  for (const [arn, at] of troubled) {
    const rested = { lt: timeOf(at - restMs) }
    await db.keyHealth.updateMany({
      where: { arn, state: 'healthy', nextCheckAt: { gt: timeOf(at) }, checkedAt: rested },
      data: { nextCheckAt: timeOf(at) },
    })
  }
}
