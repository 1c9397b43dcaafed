import { Badge, type Tone, ToneIcon } from '#components/ui/badge.tsx'
import { formatDuration } from '#components/ui/format-time.ts'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Time } from '#components/ui/time.tsx'
import { type Check, type CheckReport, checkName, checkTitles, plannedChecks, verdictOf } from '#lib/keys/schema.ts'
import { FailedCheck } from './failed-check.tsx'
import { WarnedCheck } from './warned-check.tsx'

const states = {
  passed: { tone: 'ok', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  warning: { tone: 'warn', word: 'Warning' },
  skipped: { tone: 'idle', word: 'Skipped' },
} as const satisfies Record<string, { tone: Tone; word: string }>

const notReached = { tone: 'warn', word: 'Not reached' } as const satisfies { tone: Tone; word: string }

interface Props {
  report: CheckReport | null
  running: boolean
  /** The settings name a KMS key; without one only the bucket is tried. */
  withKey: boolean
  /** The settings name a role to assume. */
  withRole?: boolean
  /** How many keys the settings name besides it. */
  furtherKeys?: number
  /** Of the run under way: what is known so far, by `checkName`. */
  checks?: ReadonlyMap<string, Check>
  /** The report is of other settings than those on the page. */
  outdated?: boolean
  /** When the report was made, where that is longer ago than this visit. */
  madeAt?: string | null
}
type Planned = ReturnType<typeof plannedChecks>[number]

export function KeyCheckPanel({
  report,
  running,
  withKey,
  withRole = false,
  furtherKeys = 0,
  checks,
  outdated = false,
  madeAt,
}: Props) {
  const shown = running ? null : report
  const rows: readonly Planned[] = shown?.checks ?? plannedChecks(withKey ? 1 + furtherKeys : 0, true, withRole)
  const groups = Map.groupBy(rows, (row) => groupOf(row))
  return (
    <section aria-labelledby="key-check" className="card">
      <div className="flex min-h-[53px] flex-wrap items-center gap-x-2.5 gap-y-1 border-b border-line px-4.5 py-2">
        <h2 id="key-check" className="text-lg font-semibold">
          Key check
        </h2>
        <div aria-live="polite">
          <Verdict report={shown} running={running} />
        </div>
        {shown && (
          <span className="ml-auto text-sm text-ink-3 tabular-nums">
            {outdated ? 'Before your changes' : madeAt ? <Time iso={madeAt} /> : formatDuration(shown.durationMs)}
          </span>
        )}
      </div>
      {shown?.lastGood && (
        <p className="border-b border-line px-4.5 py-3 text-sm">
          AWS has refused nothing. Last known to work: <Time iso={shown.lastGood.at} />, with revision{' '}
          {shown.lastGood.revision}.
        </p>
      )}
      <div aria-busy={running} className="pb-1.5">
        {[...groups].map(([group, members]) => (
          <div key={group}>
            <h3 className="px-4.5 pt-3 pb-1 text-xs font-medium text-ink-3 wrap-anywhere">
              {group}
              <KeyOf report={shown} row={members[0]} />
            </h3>
            <ul>
              {members.map((row) => {
                const name = checkName(row)
                const known = shown?.checks.find((check) => checkName(check) === name)
                return (
                  <li key={name}>
                    {shown && known ? (
                      <Known check={known} toldBefore={sameFixBefore(shown.checks, known)} />
                    ) : (
                      <Row
                        {...(running ? tellingOf(checks?.get(name)) : { tone: 'idle', right: 'Not run' })}
                        title={checks?.get(name)?.title ?? checkTitles[row.id]}
                        detail={checks?.get(name)?.detail ?? ' '}
                      />
                    )}
                  </li>
                )
              })}
            </ul>
          </div>
        ))}
      </div>
      {!shown && !running && (
        <p className="border-t border-line px-4.5 py-3 text-sm text-ink-3">
          Saving runs these checks with the key and the bucket themselves, and keeps the settings only when none fails.
          Test key runs them without saving.
        </p>
      )}
    </section>
  )
}

function groupOf({ id, key = 0 }: Planned): string {
  if (id.startsWith('bucket.')) return 'Bucket'
  if (id.startsWith('key.')) return key === 0 ? 'Key' : `Further key ${key}`
  if (id === 'keys') return 'All keys'
  return id === 'clock' ? 'Clock' : 'Credentials'
}

function KeyOf({ report, row }: { report: CheckReport | null; row: Planned | undefined }) {
  const key = row?.id.startsWith('key.') ? report?.keys?.[row.key ?? 0] : undefined
  if (!key || !report?.keys || report.keys.length < 2) return null
  return <code className="ml-2 font-normal">{shortenArn(key.keyArn ?? key.typed)}</code>
}

function Verdict({ report, running }: { report: CheckReport | null; running: boolean }) {
  if (running) return <Badge tone="busy">Running</Badge>
  if (!report) return <Badge tone="idle">Not run yet</Badge>
  const of = (status: string) => report.checks.filter((check) => check.status === status)
  const verdict = verdictOf(report)
  if (verdict === 'unreachable') return <Badge tone="warn">No usable answer</Badge>
  const failed = of('failed')
  if (verdict === 'failed') {
    return (
      <>
        <Badge tone="bad">{`${failed.length} of ${report.checks.length} failed`}</Badge>
        <span className="sr-only">: {[...new Set(failed.map(({ title }) => title))].join('; ')}</span>
      </>
    )
  }
  const warnings = of('warning').length
  if (warnings > 0) return <Badge tone="warn">{`Works, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`}</Badge>
  return <Badge tone="ok">Works</Badge>
}

function Known({ check, toldBefore }: { check: Check; toldBefore: boolean }) {
  const failed = check.status === 'failed'
  return (
    <>
      <Row {...tellingOf(check)} title={check.title} detail={failed ? undefined : check.detail} whole />
      {failed && <FailedCheck check={check} toldBefore={toldBefore} />}
      {check.status === 'warning' && check.fix !== undefined && <WarnedCheck check={check} />}
    </>
  )
}

/** One fault often fails several checks. Its cause and fix are told once, where it shows first. */
function sameFixBefore(checks: readonly Check[], check: Check): boolean {
  const first = checks.find((other) => other.status === 'failed' && other.fix === check.fix && other.key === check.key)
  return check.fix !== undefined && first !== check
}

function tellingOf(check: Check | undefined): { tone: Tone; right: string } {
  if (!check) return { tone: 'busy', right: 'Running' }
  // Nothing was refused: red would say more than is known.
  const away = check.status === 'failed' && check.kind === 'unreachable'
  const { tone, word } = away ? notReached : states[check.status]
  return { tone, right: check.durationMs === 0 ? word : `${word} · ${formatDuration(check.durationMs)}` }
}

interface RowProps {
  tone: Tone
  title: string
  detail: string | undefined
  right: string
  /** All of the detail. While checks run it has one line, so that no row moves when something becomes known. */
  whole?: boolean
}

function Row({ tone, title, detail, right, whole = false }: RowProps) {
  return (
    <div
      className={`grid grid-cols-[1rem_minmax(0,1fr)_auto] items-start gap-x-2.5 px-4.5 py-1.5 ${tone === 'bad' ? 'bg-bad-soft font-semibold' : ''}`}
    >
      <ToneIcon tone={tone} className="mt-0.5 size-4" />
      <div className={whole ? 'min-w-0 wrap-anywhere' : 'min-w-0 truncate'}>{title}</div>
      <span className={`pt-0.5 text-xs font-normal tabular-nums ${tone === 'bad' ? 'text-bad' : 'text-ink-3'}`}>
        {right}
      </span>
      {detail && (
        <div
          className={`col-start-2 col-end-4 min-w-0 text-sm font-normal text-ink-3 ${whole ? 'wrap-anywhere' : 'min-h-5 truncate'}`}
        >
          {detail}
        </div>
      )}
    </div>
  )
}
