import Link from 'next/link'
import { RefreshOnChange } from '#components/backups/refresh-on-change.tsx'
import { Badge, ToneIcon } from '#components/ui/badge.tsx'
import { PathText, plainPath } from '#components/ui/path-text.tsx'
import { RefreshWhile } from '#components/ui/refresh-while.tsx'
import { Time } from '#components/ui/time.tsx'
import { type ScheduleRow, timeWords } from '#lib/schedules/schema.ts'
import { type ChangeSchedule, ScheduleButtons } from './schedule-buttons.tsx'

const isDue = ({ nextRunAt }: ScheduleRow) => Date.parse(nextRunAt) <= Date.now()

/** Each schedule with what became of it last, and when it runs next. */
export function ScheduleList({ rows, change }: { rows: readonly ScheduleRow[]; change: ChangeSchedule | undefined }) {
  return (
    <ul aria-label="Schedules" className="space-y-3">
      {rows.map((row, index) => (
        <li key={row.id} className="card flex flex-wrap items-start gap-x-6 gap-y-3 px-5 py-4">
          <div className="min-w-[min(15rem,100%)] flex-1">
            <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
              <h2
                id={row.id}
                tabIndex={-1}
                className="line-clamp-2 min-w-0 text-lg font-semibold wrap-anywhere"
                title={row.name}
              >
                {row.name}
              </h2>
              {!row.enabled && <Badge tone="idle">Paused</Badge>}
              {row.enabled && !row.served && (
                <Badge tone="warn">
                  <span className="min-w-0 wrap-anywhere">No worker of {row.host}</span>
                </Badge>
              )}
            </div>
            <code
              className="mt-0.5 line-clamp-3 text-sm text-ink-3 wrap-anywhere"
              title={`${plainPath(row.source)} on ${row.host}`}
            >
              <PathText path={row.source} /> on {row.host}
            </code>
            {(row.exclude.length > 0 || row.include.length > 0) && (
              <p className="mt-1 text-sm text-ink-3 wrap-anywhere">
                {row.include.length > 0 && `Only ${row.include.join(', ')}. `}
                {row.exclude.length > 0 && `Leaves out ${row.exclude.join(', ')}.`}
              </p>
            )}
            {row.trouble !== null && row.trouble !== row.skipped && (
              <p className="mt-1 text-sm text-warn wrap-anywhere">{row.trouble}</p>
            )}
          </div>
          <dl className="grid max-w-sm min-w-[min(14rem,100%)] grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm tabular-nums">
            <dt className="text-ink-3">When</dt>
            <dd>{timeWords(row)}</dd>
            <dt className="text-ink-3">Next</dt>
            <dd>
              {!row.enabled ? (
                'not before it is resumed'
              ) : isDue(row) && !row.served ? (
                'as soon as a worker of it runs'
              ) : isDue(row) ? (
                <>
                  within seconds
                  <RefreshWhile />
                </>
              ) : (
                <Time iso={row.nextRunAt} />
              )}
            </dd>
            <dt className="text-ink-3">Last</dt>
            <dd>
              {row.lastRunAt === null ? (
                'never'
              ) : (
                <>
                  <Time iso={row.lastRunAt} />
                  {row.skipped !== null && (
                    <span className="text-warn wrap-anywhere">: not started. {row.skipped}</span>
                  )}
                  {row.skipped === null && row.last && (
                    <>
                      {': '}
                      {row.last.state === 'failed' && (
                        <ToneIcon tone="bad" className="mr-1 inline size-3.5 align-[-2px]" />
                      )}
                      <Link
                        href={`/backups/${row.last.id}`}
                        prefetch={false}
                        className={row.last.state === 'failed' ? 'text-bad underline underline-offset-2' : 'link'}
                      >
                        {row.last.state}
                        <span className="sr-only">: the last backup of {row.name.slice(0, 80)}</span>
                      </Link>
                      <RefreshOnChange key={`${row.last.id} ${row.last.state}`} backup={row.last} />
                    </>
                  )}
                </>
              )}
            </dd>
            <dt className="text-ink-3">Kept</dt>
            <dd>
              {row.kept} of {row.keep}
            </dd>
          </dl>
          {change && (
            <ScheduleButtons
              schedule={row}
              isDue={isDue(row) && row.served}
              then={(rows[index + 1] ?? rows[index - 1])?.id}
              change={change}
            />
          )}
        </li>
      ))}
    </ul>
  )
}
