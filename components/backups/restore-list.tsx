import { Fragment } from 'react'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import { PathText } from '#components/ui/path-text.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ChangeResult, RestoreRow } from '#lib/backup/schema.ts'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'
import { CancelButton } from './cancel-button.tsx'
import { ErrorText } from './error-text.tsx'
import { LiveProgress } from './live-progress.tsx'
import { StateBadge } from './state-badge.tsx'

interface Props {
  restores: readonly RestoreRow[]
  /** Undefined for whoever may not. */
  cancel: ((input: { id: string }) => Promise<ChangeResult>) | undefined
}

export function RestoreList({ restores, cancel }: Props) {
  return (
    <ul className="space-y-3">
      {restores.map((restore) => (
        <li key={restore.id} id={restore.id} tabIndex={-1} className="rounded-control">
          {isUnderWay(restore) ? (
            <LiveProgress
              name={`restore:${restore.id}`}
              label={`Restoring into ${restore.target}`}
              state={restore.state}
              title={<Target restore={restore} />}
              actions={
                cancel && (
                  <CancelButton
                    id={restore.id}
                    what={`the restore to ${restore.target}`}
                    then={restore.id}
                    cancel={cancel}
                  />
                )
              }
            />
          ) : (
            <div className="rounded-control border border-line px-4 py-3">
              <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
                <Target restore={restore} />
                <StateBadge state={restore.state} />
              </div>
              <p className="mt-1 text-sm text-ink-3 tabular-nums">
                {restore.files !== null && `${count(restore.files, 'file')}, `}
                {restore.bytes !== null && `${formatBytes(restore.bytes)}, `}
                {restore.kept > 0 && `${formatNumber(restore.kept)} kept as they were, `}
                <Time iso={restore.finishedAt ?? restore.createdAt} />
              </p>
              {restore.paths.length > 0 && (
                <p className="mt-1 line-clamp-3 text-sm text-ink-3 wrap-anywhere">
                  Only {restore.paths.length > 1 && `${count(restore.paths.length, 'path')}: `}
                  {restore.paths.slice(0, 20).map((path, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: somebody may have named one twice
                    <Fragment key={index}>
                      {index > 0 && ', '}
                      <code>
                        <PathText path={path} />
                      </code>
                    </Fragment>
                  ))}
                  {restore.paths.length > 20 && ', …'}
                </p>
              )}
              {restore.warnings > 0 && (
                <div className="mt-1.5 text-sm text-warn">
                  {restore.warnings > restore.warningList.length && (
                    <p>
                      The first {formatNumber(restore.warningList.length)} of {count(restore.warnings, 'warning')}:
                    </p>
                  )}
                  <LongList of="more warning" className="space-y-1">
                    {restore.warningList.map(({ path, message }) => (
                      <li key={`${path} ${message}`} className="wrap-anywhere">
                        <code>
                          <PathText path={path} />
                        </code>
                        : {message}
                      </li>
                    ))}
                  </LongList>
                </div>
              )}
              {restore.error && (
                <p className="mt-1.5 text-sm text-bad wrap-anywhere">
                  <ErrorText text={restore.error} />
                </p>
              )}
            </div>
          )}
        </li>
      ))}
    </ul>
  )
}

function Target({ restore: { target, host } }: { restore: RestoreRow }) {
  return (
    <span className="min-w-0 wrap-anywhere">
      <code>
        <PathText path={target} />
      </code>
      {host && ` on ${host}`}
    </span>
  )
}
