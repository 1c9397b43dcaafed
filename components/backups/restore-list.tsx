import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { RestoreRow } from '#lib/backup/schema.ts'
import { LiveProgress } from './live-progress.tsx'
import { StateBadge } from './state-badge.tsx'

export function RestoreList({ restores }: { restores: readonly RestoreRow[] }) {
  return (
    <ul className="space-y-3">
      {restores.map((restore) => (
        <li key={restore.id}>
          {restore.state === 'queued' || restore.state === 'running' ? (
            <LiveProgress
              url={`/api/restores/${restore.id}/progress`}
              label={`Restoring into ${restore.target}`}
              state={restore.state}
              title={<Target path={restore.target} />}
            />
          ) : (
            <div className="rounded-control border border-line px-4 py-3">
              <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
                <Target path={restore.target} />
                <StateBadge state={restore.state} />
              </div>
              <p className="mt-1 text-sm text-ink-3 tabular-nums">
                {restore.files !== null && `${count(restore.files, 'file')}, `}
                {restore.bytes !== null && `${formatBytes(restore.bytes)}, `}
                <Time iso={restore.finishedAt ?? restore.createdAt} />
              </p>
              {restore.error && <p className="mt-1.5 text-sm text-bad wrap-anywhere">{restore.error}</p>}
            </div>
          )}
        </li>
      ))}
    </ul>
  )
}

function Target({ path }: { path: string }) {
  return <code className="min-w-0 wrap-anywhere">{path}</code>
}
