import type { Sample } from './progress-schema.ts'

const mostSamples = 60
const closestMs = 1000

/**
 * The course of a job's bytes over time, in at most 60 samples, however long it takes: when they are too many, every
 * second one goes. A count or a clock that falls back is a new beginning.
 */
export function addToCourse(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (!last) return [sample]
  if (sample.bytes < last.bytes || sample.at < last.at) return [sample]
  if (sample.at - last.at < Math.max(closestMs, spacing(samples) * 0.75)) return samples
  const longer = [...samples, sample]
  return longer.length > mostSamples ? longer.filter((_, index) => index % 2 === 0) : longer
}

/** As they were thinned out, so far the next one is away. */
function spacing(samples: readonly Sample[]): number {
  const [first] = samples
  const last = samples.at(-1)
  return first && last && samples.length >= mostSamples / 2 ? (last.at - first.at) / (samples.length - 1) : 0
}
