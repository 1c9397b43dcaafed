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
      <PageHeader
        title="History"
        lede="Every save of the backup environment is a revision of its own, and none is ever changed. A backup keeps to the revision it was started with."
        aside={
          <Link href="/settings/backup-environment" className="link">
            Backup Environment
          </Link>
        }
      />
      {rows.length === 0 ? (
        <EmptyState title={query.before ? 'No older revisions' : 'Nothing was saved yet'}>
          <Link href="/settings/backup-environment" className="link">
            Backup Environment
          </Link>
        </EmptyState>
      ) : (
        <RevisionList rows={rows} />
      )}
      <Pager
        path="/settings/backup-environment/history"
        query={{}}
        paged={query.before !== undefined}
        nextBefore={nextBefore}
      />
    </>
  )
}
