import type { Sample } from '#lib/backup/progress-schema.ts'

export interface Rate {
  /** When, at the end of what was measured. */
  readonly at: number
  readonly bytesPerSecond: number
}

/** What happened between each two samples. */
export function ratesOf(samples: readonly Sample[]): readonly Rate[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index] ?? sample
    const seconds = Math.max(0.001, (sample.at - before.at) / 1000)
    return { at: sample.at, bytesPerSecond: Math.max(0, (sample.bytes - before.bytes) / seconds) }
  })
}
