export interface Sample {
  /** Milliseconds on any clock that only runs forward. */
  readonly at: number
  readonly bytes: number
}

const window = 10_000

/** The last ten seconds, so that the rate follows what happens now. A count that falls back is a new attempt. */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last && sample.bytes < last.bytes) return [sample]
  return [...samples.filter((old) => sample.at - old.at <= window), sample]
}

/** Bytes per second; undefined until a second has been seen. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < 1000) return undefined
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000
}

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
