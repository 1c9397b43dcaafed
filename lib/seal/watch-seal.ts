import { setTimeout as delay } from 'node:timers/promises'
import type { Db } from '#lib/db.ts'
import { messageOf } from '#lib/errors.ts'
import type { Seal } from './seal.ts'

export interface SealHealth {
  readonly healthy: boolean
  /** What is wrong. */
  readonly message: string | undefined
  readonly checkedAt: Date
  /** Encrypt and Decrypt once each, since this process started. */
  readonly probes: number
  readonly failures: number
}

/**
 * Encrypts and decrypts with the seal's key now and then, and writes a row and a log line when that changes. What is
 * unsealed stays so: an outage shows, and stops nothing.
 * @param everyMs while all is well, and while not
 */
export function watchSeal(
  db: Db,
  seal: Pick<Seal, 'keyId' | 'probe'>,
  { everyMs, unhealthyEveryMs }: { everyMs: number; unhealthyEveryMs: number },
): { health(): SealHealth; stop(): Promise<void> } {
  const stopping = new AbortController()
  let health: SealHealth = { healthy: true, message: undefined, checkedAt: new Date(), probes: 0, failures: 0 }
  const running = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })

  async function run(): Promise<void> {
    for (;;) {
      await delay(health.healthy ? everyMs : unhealthyEveryMs, undefined, { signal: stopping.signal, ref: false })
      const message = await seal.probe().then(() => undefined, messageOf)
      const healthy = message === undefined
      const changed = healthy !== health.healthy
      health = {
        healthy,
        message,
        checkedAt: new Date(),
        probes: health.probes + 1,
        failures: health.failures + (healthy ? 0 : 1),
      }
      if (changed) await tell(healthy, message)
    }
  }
  async function tell(healthy: boolean, message: string | undefined): Promise<void> {
    const words = message ?? 'The seal’s key answers again.'
    console.error(JSON.stringify({ level: healthy ? 'info' : 'error', part: 'seal', message: words }))
    await db.sealEvent.create({ data: { healthy, keyId: seal.keyId, message: message ?? null } }).catch(() => {
      // The next change is told again; a database that is away is told elsewhere.
    })
  }
  return {
    health: () => health,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
