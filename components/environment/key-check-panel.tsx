import type { ReactNode } from 'react'
import { Badge, type Tone, ToneIcon } from '#components/ui/badge.tsx'
import { formatDuration } from '#components/ui/format-time.ts'
import { type Check, type CheckReport, checkIds, checkTitles } from '#lib/keys/schema.ts'
import { FailedCheck } from './failed-check.tsx'

const states = {
  passed: { tone: 'ok', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  warning: { tone: 'warn', word: 'Warning' },
  skipped: { tone: 'idle', word: 'Skipped' },
} as const satisfies Record<string, { tone: Tone; word: string }>

interface Props {
  report: CheckReport | null
  running: boolean
  /** The settings name a KMS key; without one only the bucket is tried. */
  withKey: boolean
}

export function KeyCheckPanel({ report, running, withKey }: Props) {
  const shown = running ? null : report
  const planned = checkIds.filter((id) => withKey || !id.startsWith('key.'))
  return (
    <section aria-labelledby="key-check" className="card">
      <div className="flex min-h-[53px] items-center gap-2.5 border-b border-line px-4.5">
        <h2 id="key-check" className="text-lg font-semibold">
          Key check
        </h2>
        <div aria-live="polite">
          <Verdict report={shown} running={running} />
        </div>
        {shown && <span className="ml-auto text-sm text-ink-3 tabular-nums">{formatDuration(shown.durationMs)}</span>}
      </div>
      <ul aria-busy={running} className="py-1.5">
        {shown
          ? shown.checks.map((check) => {
              const { tone, word } = states[check.status]
              const failed = check.status === 'failed'
              return (
                <li key={check.id}>
                  <Row
                    tone={tone}
                    title={check.title}
                    detail={failed ? undefined : check.detail}
                    right={check.durationMs === 0 ? word : `${word} · ${formatDuration(check.durationMs)}`}
                  />
                  {failed && <FailedCheck check={check} toldBefore={sameFixBefore(shown.checks, check)} />}
                </li>
              )
            })
          : planned.map((id) => {
              // What the last run said keeps its place, unseen, so that no row moves while the checks run again.
              const last = report?.checks.find((check) => check.id === id)
              return (
                <li key={id}>
                  <Row
                    tone={running ? 'busy' : 'idle'}
                    title={last?.title ?? checkTitles[id]}
                    detail={last?.detail && <span className="invisible">{last.detail}</span>}
                    right={running ? 'Running' : 'Not run'}
                  />
                </li>
              )
            })}
      </ul>
      {!shown && !running && (
        <p className="border-t border-line px-4.5 py-3 text-sm text-ink-3">
          Saving runs these checks with the key and the bucket themselves, and keeps the settings only when none fails.
          Test key runs them without saving.
        </p>
      )}
    </section>
  )
}

function Verdict({ report, running }: { report: CheckReport | null; running: boolean }) {
  if (running) return <Badge tone="busy">Running</Badge>
  if (!report) return <Badge tone="idle">Not run yet</Badge>
  const of = (status: string) => report.checks.filter((check) => check.status === status).length
  if (!report.ok) return <Badge tone="bad">{`${of('failed')} of ${report.checks.length} failed`}</Badge>
  const warnings = of('warning')
  if (warnings > 0) return <Badge tone="warn">{`Works, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`}</Badge>
  return <Badge tone="ok">Works</Badge>
}

/** One fault often fails several checks. Its cause and fix are told once, where it shows first. */
function sameFixBefore(checks: readonly Check[], check: Check): boolean {
  const first = checks.find((other) => other.status === 'failed' && other.fix === check.fix)
  return check.fix !== undefined && first !== check
}

interface RowProps {
  tone: Tone
  title: string
  detail?: ReactNode
  right: string
}

function Row({ tone, title, detail, right }: RowProps) {
  return (
    <div
      className={`grid grid-cols-[1rem_minmax(0,1fr)_auto] items-start gap-2.5 px-4.5 py-[7px] ${tone === 'bad' ? 'bg-bad-soft font-semibold' : ''}`}
    >
      <ToneIcon tone={tone} className="mt-0.5 size-4" />
      <div className="min-w-0 wrap-anywhere">
        {title}
        {detail && <div className="text-sm font-normal text-ink-3">{detail}</div>}
      </div>
      <span className={`pt-0.5 text-xs font-normal tabular-nums ${tone === 'bad' ? 'text-bad' : 'text-ink-3'}`}>
        {right}
      </span>
    </div>
  )
}
