import type { Metadata } from 'next'
import Link from 'next/link'
import { loadRevisions } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { RevisionList } from '#components/environment/revision-list.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Pager } from '#components/ui/pager.tsx'
import { historyQuerySchema } from '#lib/environment/schema.ts'

export const metadata: Metadata = { title: 'History of the Backup Environment' }

export default async function HistoryPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  await requireUser('environment.read')
  const query = historyQuerySchema.parse(await searchParams)
  const { rows, nextBefore } = await loadRevisions(query)
  return (
    <>
      <Link href="/settings/backup-environment" className="link mb-2 inline-block text-sm">
        Back to the backup environment
      </Link>
      <PageHeader
        title="History"
        lede="Every save of the backup environment is a revision of its own, and none is ever changed. A backup keeps to the revision it was started with."
      />
      {rows.length === 0 ? (
        <EmptyState title={query.before ? 'No older revisions' : 'Nothing was saved yet'}>
          {query.before
            ? 'This is the end of the list.'
            : 'Every save of the backup environment stands here, with who made it and what it changed.'}
        </EmptyState>
      ) : (
        <RevisionList rows={rows} />
      )}
      <Pager
        path="/settings/backup-environment/history"
        query={{}}
        paged={query.before !== undefined}
        next={nextBefore}
      />
    </>
  )
}
