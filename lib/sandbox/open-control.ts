import { callSandbox } from './attach.ts'
import type { Fault, Rehearsal, SandboxView } from './schema.ts'

/** Steers the sandbox that another process runs. Each throws Error, with a sentence, when none runs or it refuses. */
export interface SandboxControl {
  view(): Promise<SandboxView>
  /** Breaks one thing on purpose; the rehearsal before it ends. */
  rehearse(rehearsal: Rehearsal): Promise<void>
  /** Puts back what the rehearsal changed, and clears every fault. */
  restore(): Promise<void>
  /** Removes every object of every bucket, locked or not. */
  empty(): Promise<void>
  faults(): Promise<Fault[]>
  setFaults(faults: readonly Fault[]): Promise<void>
}

/** @param dataDir the folder that the sandbox runs on */
export function openSandboxControl(dataDir: string): SandboxControl {
  const call = (method: string, path: string, body?: unknown) => callSandbox(dataDir, method, path, { body })
  return {
    async view() {
      return (await call('GET', 'view')).json()
    },
    async rehearse(rehearsal) {
      await call('PUT', 'rehearsal', rehearsal)
    },
    async restore() {
      await call('DELETE', 'rehearsal')
      await call('DELETE', 'faults')
    },
    async empty() {
      await callSandbox(dataDir, 'DELETE', 'objects', { timeoutMs: 60_000 })
    },
    async faults() {
      return (await call('GET', 'faults')).json()
    },
    async setFaults(faults) {
      await call('PUT', 'faults', faults)
    },
  }
}
