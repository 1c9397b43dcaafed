import type { Metadata } from 'next'
import Link from 'next/link'
import { loadRewraps } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { listedSources } from '#components/rewrap/listed-sources.ts'
import { RewrapForm } from '#components/rewrap/rewrap-form.tsx'
import { RewrapList } from '#components/rewrap/rewrap-list.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { can } from '#lib/auth/schema.ts'
import { rewrapQuerySchema } from '#lib/rewrap/schema.ts'
import { previewRewrap, startRewrap } from './actions.ts'

export const metadata: Metadata = { title: 'Re-wrap' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function RewrapPage({ searchParams }: Props) {
  const user = await requireUser('backup.read')
  const { runs, sources, offered } = await loadRewraps()
  const initial = rewrapQuerySchema.parse(await searchParams)
  return (
    <>
      <Link href="/keys" className="link mb-2 inline-block text-sm">
        Back to the keys
      </Link>
      <PageHeader
        title="Re-wrap"
        lede="Gives existing backups another key without moving their data: each backup’s own key is unwrapped, wrapped under the new key, proven, and its envelope written anew."
      />
      <div className="max-w-[880px] space-y-6">
        {!can(user.role, 'key.rewrap') ? (
          <p className="text-ink-2">An administrator can start one here.</p>
        ) : sources.length === 0 ? (
          <EmptyState title="No encrypted backup yet">
            As soon as a backup is complete, its key can be exchanged here.
          </EmptyState>
        ) : (
          <div>
            <RewrapForm
              // Another address is another form.
              key={`${initial.mode} ${initial.from} ${initial.to}`}
              {...listedSources(sources)}
              offered={offered.filter(({ usable }) => usable)}
              initial={initial}
              preview={previewRewrap}
              start={startRewrap}
            />
          </div>
        )}
        <section aria-labelledby="runs">
          <h2 id="runs" className="mb-2.5 text-lg font-semibold">
            Re-wraps so far
          </h2>
          <RewrapList runs={runs} />
        </section>
      </div>
    </>
  )
}
