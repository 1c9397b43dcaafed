import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { exactTime, formatDuration } from '#components/ui/format-time.ts'
import { type HealthHour, healthDays, type KeyHealthView, type KeyState } from '#lib/key-health/schema.ts'
import { cellHours, daysOf, stretchesOf } from './health-stretches.ts'

// A cell is two hours. Its colour says how it was, and so does its size: the worse, the larger.
const cell = 10
const gap = 2
const looks: Readonly<Record<KeyState | 'none', { fill: string; size: number; words: string }>> = {
  none: { fill: 'fill-line', size: 2, words: 'No check' },
  healthy: { fill: 'fill-ok', size: 4, words: 'Healthy' },
  degraded: { fill: 'fill-warn', size: 7, words: 'Degraded' },
  unreachable: { fill: 'fill-info', size: 7, words: 'Unreachable' },
  refused: { fill: 'fill-bad', size: 8, words: 'Refused' },
  disabled: { fill: 'fill-bad', size: 9, words: 'Disabled' },
  'pending deletion': { fill: 'fill-bad', size: 10, words: 'Pending deletion' },
  deleted: { fill: 'fill-bad', size: 10, words: 'Deleted' },
}
const stretchesShown = 8

/** The cells of each state, as one path: 30 days have 360. */
function shapesOf(days: ReturnType<typeof daysOf>): Map<KeyState | 'none', string> {
  const shapes = new Map<KeyState | 'none', string>()
  for (const [column, { states }] of days.entries())
    for (const [row, known] of states.entries()) {
      const state = known ?? 'none'
      const { size } = looks[state]
      const inset = (cell - size) / 2
      const [x, y] = [column * (cell + gap) + inset, row * (cell + gap) + inset]
      shapes.set(state, `${shapes.get(state) ?? ''}M${x} ${y}h${size}v${size}h-${size}z`)
    }
  return shapes
}

/**
 * The last 30 days of a key: a column for each day, a cell for two hours, and below it the same in words.
 * @param needed whether anything needs the key: then it is watched
 */
export function KeyHealthPicture({ view: { hours, at }, needed }: { view: KeyHealthView; needed: boolean }) {
  if (hours.length === 0)
    return (
      <p className="text-ink-2">{needed ? 'Its first check is still to come.' : 'Not watched: nothing needs it.'}</p>
    )
  const days = daysOf(hours, at)
  const width = days.length * (cell + gap) - gap
  const height = (24 / cellHours) * (cell + gap) - gap
  const seen = new Set(hours.map(({ worst }) => worst))
  const stretches = stretchesOf(hours)
  return (
    <div className="space-y-3">
      <div className="flex gap-2">
        <div
          aria-hidden
          className="flex flex-col justify-between pb-5 text-[10px] leading-none text-ink-3 tabular-nums"
        >
          <span>00</span>
          <span>12</span>
          <span>24</span>
        </div>
        <div className="min-w-0 flex-1">
          <svg
            role="img"
            // What it shows is said below it.
            aria-label={`Health in the last ${healthDays} days`}
            viewBox={`0 0 ${width} ${height}`}
            className="block h-auto w-full max-w-[36rem]"
          >
            {[...shapesOf(days)].map(([state, shape]) => (
              <path key={state} d={shape} className={looks[state].fill} />
            ))}
          </svg>
          <div aria-hidden className="mt-1 flex max-w-[36rem] justify-between text-xs text-ink-3 tabular-nums">
            <span>{healthDays} days ago</span>
            <span>today, hours in UTC</span>
          </div>
        </div>
      </div>
      <ul aria-label="What the cells mean" className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-2">
        {(['healthy', 'degraded', 'unreachable', 'refused', 'disabled', 'pending deletion', 'deleted'] as const)
          .filter((state) => seen.has(state))
          .map((state) => (
            <li key={state} className="inline-flex items-center gap-1.5">
              <svg aria-hidden viewBox={`0 0 ${cell} ${cell}`} className="size-2.5">
                <rect
                  x={(cell - looks[state].size) / 2}
                  y={(cell - looks[state].size) / 2}
                  width={looks[state].size}
                  height={looks[state].size}
                  className={looks[state].fill}
                />
              </svg>
              {looks[state].words}
            </li>
          ))}
      </ul>
      <p className="text-sm text-ink-2">{sentence(summaryOf(hours, stretches.length))}</p>
      {stretches.length > 0 && (
        <ul className="space-y-1 text-sm">
          {stretches.slice(0, stretchesShown).map(({ state, from, hours: long }) => (
            <li key={`${state} ${from}`}>
              <strong className="font-medium">{looks[state].words}</strong>{' '}
              <span className="text-ink-2 tabular-nums">
                {exactTime(from).slice(0, 16)} UTC, up to {count(long, 'hour')}
              </span>
            </li>
          ))}
          {stretches.length > stretchesShown && (
            <li className="text-ink-3">and {stretches.length - stretchesShown} more before that</li>
          )}
        </ul>
      )}
    </div>
  )
}

function summaryOf(hours: readonly HealthHour[], stretches: number): string {
  const sum = (of: (hour: HealthHour) => number) => hours.reduce((total, hour) => total + of(hour), 0)
  const skipped = sum((hour) => hour.skipped)
  const failures = sum((hour) => hour.failures)
  const slowest = Math.max(...hours.map((hour) => hour.slowestMs))
  return [
    `${count(
      sum((hour) => hour.checks),
      'check',
    )}, ${failures === 0 ? 'none' : formatNumber(failures)} of them found trouble`,
    skipped > 0 && `${count(skipped, 'check')} not needed, because backups and restores had just proven the key`,
    slowest > 0 && `the slowest call took ${formatDuration(slowest)}`,
    stretches === 0 && 'always healthy',
  ]
    .filter(Boolean)
    .join('; ')
}

const sentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
