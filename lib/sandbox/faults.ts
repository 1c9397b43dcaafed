import { type Fault, faultEffects } from './schema.ts'

/** What a fault can be aimed at. */
interface FaultTarget {
  service: string
  operation: string
  /** Every name of every key that the call is about. */
  keyNames: string[]
  bucket: string | undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The faults of a request body, or a sentence about what is wrong with it. */
export function readFaults(value: unknown): Fault[] | string {
  if (!Array.isArray(value)) return 'A list of faults is needed.'
  const faults: Fault[] = []
  for (const item of value) {
    if (!isRecord(item)) return 'A fault is an object.'
    const { service, operation, effect, keyId, bucket } = item
    if (typeof service !== 'string' || typeof operation !== 'string') return 'A fault needs "service" and "operation".'
    const known = faultEffects.find((candidate) => candidate === effect)
    if (!known) return `"effect" must be one of ${faultEffects.join(', ')}.`
    const fault: Fault = { service, operation, effect: known }
    if (typeof keyId === 'string') fault.keyId = keyId
    if (typeof bucket === 'string') fault.bucket = bucket
    for (const name of ['latencyMs', 'times', 'probability', 'seed'] as const) {
      const number = item[name]
      if (number === undefined) continue
      if (typeof number !== 'number' || number < 0) return `"${name}" must be a number from 0.`
      fault[name] = number
    }
    if (known === 'Latency' && !fault.latencyMs)
      return 'Latency needs "latencyMs" (--latency-ms), how many milliseconds to wait: without, it would do nothing.'
    faults.push(fault)
  }
  return faults
}

/** The same series of numbers in [0, 1) for the same seed (mulberry32). */
function randomSeries(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface ArmedFault {
  fault: Fault
  left: number
  random: () => number
}

/** The faults that are set, and how often each may still strike. */
export class Faults {
  #armed: ArmedFault[] = []

  set(faults: Fault[]): void {
    this.#armed = faults.map((fault) => ({
      fault,
      left: fault.times ?? Number.POSITIVE_INFINITY,
      random: fault.seed === undefined ? Math.random : randomSeries(fault.seed),
    }))
  }

  list(): Fault[] {
    return this.#armed.map(({ fault }) => fault)
  }

  /** Those that strike this call, in the order set. */
  strike(target: FaultTarget): Fault[] {
    const struck: Fault[] = []
    for (const armed of this.#armed) {
      const { fault } = armed
      if (fault.service !== '*' && fault.service.toLowerCase() !== target.service) continue
      if (fault.operation !== '*' && fault.operation !== target.operation) continue
      if (fault.keyId !== undefined && !target.keyNames.includes(fault.keyId)) continue
      if (fault.bucket !== undefined && fault.bucket !== target.bucket) continue
      if (armed.left <= 0 || armed.random() >= (fault.probability ?? 1)) continue
      armed.left -= 1
      struck.push(fault)
    }
    return struck
  }
}
