import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { loadRewrap } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { KeyWords } from '#components/rewrap/key-words.tsx'
import { NoteList } from '#components/rewrap/note-list.tsx'
import { RewrapFailures } from '#components/rewrap/rewrap-failures.tsx'
import { RewrapProgress } from '#components/rewrap/rewrap-progress.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { formatDuration } from '#components/ui/format-time.ts'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Time } from '#components/ui/time.tsx'
import { can } from '#lib/auth/schema.ts'
import { type RewrapRow, rewrapEnded } from '#lib/rewrap/schema.ts'
import { cancelRewrap, pauseRewrap, resumeRewrap } from '../actions.ts'

export const metadata: Metadata = { title: 'Re-wrap' }

const titles = { exchange: 'Exchange of keys', add: 'Key added', remove: 'Key removed' }

export default async function RewrapRunPage({ params }: { params: Promise<{ id: string }> }) {
  const user = await requireUser('backup.read')
  const detail = await loadRewrap((await params).id)
  if (!detail) notFound()
  const { run, failures, notes } = detail
  const { from, to, toTyped, startedAt, finishedAt } = run
  const may = can(user.role, 'key.rewrap')
  const ended = rewrapEnded(run.state)
  return (
    <>
      <Link href="/keys/rewrap" className="link mb-2 inline-block text-sm">
        Back to the re-wraps
      </Link>
      <PageHeader title={titles[run.mode]} lede="Only envelopes are written anew. No data object is read or written." />
      <div className="max-w-[880px] space-y-4">
        <RewrapProgress
          // Kept while it runs, so that its rate goes on; another one after its state has changed.
          key={`${run.id} ${ended}`}
          run={run}
          steer={may ? { pause: pauseRewrap, resume: resumeRewrap, cancel: cancelRewrap } : undefined}
        />
        <RewrapFailures failures={failures} total={run.failed} paused={run.state === 'paused'} />
        <Card title="What it does">
          <Facts>
            {from !== null && (
              <Fact name={run.mode === 'add' ? 'Backups under' : 'Old key'}>
                <KeyWords name={from} />
              </Fact>
            )}
            {to !== null && (
              <Fact name="New key">
                <KeyWords name={to} />
                {toTyped !== null && toTyped !== to && (
                  <span className="block text-sm text-ink-3">
                    Named as {toTyped}, which pointed there at the start.
                  </span>
                )}
              </Fact>
            )}
            <Fact name="Backups">
              {formatNumber(run.total)}, {formatBytes(run.bytes)} of content
            </Fact>
            <Fact name="Started">
              <Time iso={run.createdAt} /> by {run.createdBy}
            </Fact>
            {finishedAt && (
              <Fact name="Ended">
                <Time iso={finishedAt} />
                {startedAt && ` after ${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))}`}
              </Fact>
            )}
          </Facts>
        </Card>
        {notes.length > 0 && (
          <Card title="What remains">
            <NoteList notes={notes} />
          </Card>
        )}
        {may && ended && run.exchanged < run.total && (
          <Link href={againHref(run)} className={buttonClass()}>
            Start again for what is left
          </Link>
        )}
      </div>
    </>
  )
}

function againHref({ mode, from, to }: RewrapRow): string {
  const query = new URLSearchParams({ mode, ...(from !== null && { from }), ...(to !== null && { to }) })
  return `/keys/rewrap?${query}`
}
