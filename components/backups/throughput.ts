export interface Sample {
  /** Milliseconds on any clock that only runs forward. */
  readonly at: number
  readonly bytes: number
}

const window = 10_000
/** Over a slow line the count moves in steps, each of a segment, that are minutes apart. */
const longestWindow = 300_000
const stepsSeen = 8

/**
 * The last ten seconds, so that the rate follows what happens now, or as long as a few steps take. A count that falls
 * back is a new attempt.
 */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last && sample.bytes < last.bytes) return [sample]
  const known = [...samples.filter((old) => sample.at - old.at <= longestWindow), sample]
  let first = known.findIndex((old) => sample.at - old.at <= window)
  const isStep = (index: number) => known[index]?.bytes !== known[index - 1]?.bytes
  let steps = 0
  for (let index = first + 1; index < known.length; index += 1) if (isStep(index)) steps += 1
  for (; first > 0 && steps < stepsSeen; first -= 1) if (isStep(first)) steps += 1
  return known.slice(first)
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
