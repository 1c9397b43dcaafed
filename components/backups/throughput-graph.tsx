import { formatBytes } from '#components/ui/format-bytes.ts'
import { formatDuration } from '#components/ui/format-time.ts'
import type { Sample } from '#lib/backup/progress-schema.ts'
import { ratesOf } from './throughput.ts'

const width = 240
const height = 40

/** How fast it went so far. What it shows stands beside it in words. */
export function ThroughputGraph({ samples }: { samples: readonly Sample[] }) {
  const rates = ratesOf(samples)
  const [first] = rates
  const last = rates.at(-1)
  if (!first || !last || rates.length < 2) return <div className="h-10" aria-hidden />
  const most = Math.max(...rates.map(({ bytesPerSecond }) => bytesPerSecond))
  const top = Math.max(1, most)
  const x = (at: number) => ((at - first.at) / (last.at - first.at)) * width
  const y = (bytesPerSecond: number) => height - 1 - (bytesPerSecond / top) * (height - 2)
  const line = rates.map((rate) => `${x(rate.at).toFixed(1)},${y(rate.bytesPerSecond).toFixed(1)}`).join(' ')
  return (
    <div className="mt-1.5 flex items-center gap-3 text-sm text-ink-3">
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        className="h-10 w-60 max-w-1/2 shrink-0 text-accent"
      >
        <polygon points={`0,${height} ${line} ${width},${height}`} fill="currentColor" opacity="0.12" />
        <polyline
          points={line}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
          vectorEffect="non-scaling-stroke"
          strokeLinejoin="round"
        />
      </svg>
      <p className="tabular-nums">
        {most > 0 ? `At most ${formatBytes(most)}/s` : 'Nothing'} in the last{' '}
        {formatDuration(Math.max(1000, last.at - (samples[0]?.at ?? last.at)))}
      </p>
    </div>
  )
}
