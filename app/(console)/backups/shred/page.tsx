import type { Metadata } from 'next'
import Link from 'next/link'
import { loadShreds } from '#app/_lib/load-shred.ts'
import { requireUser } from '#app/_lib/session.ts'
import { ChooseByHand, ChooseByRule } from '#components/shred/choose-backups.tsx'
import { ShredList } from '#components/shred/shred-list.tsx'
import { SigningKeyCard } from '#components/shred/signing-key.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar } from '#components/ui/filter-bar.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Pager } from '#components/ui/pager.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { backupQuerySchema } from '#lib/backup/schema.ts'

export const metadata: Metadata = { title: 'Crypto-shred' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function ShredPage({ searchParams }: Props) {
  await requireUser('backup.shred')
  const { text, before } = backupQuerySchema.parse(await searchParams)
  const { requests, rows, nextBefore, schedules, keys, signingKey } = await loadShreds({ text, before })
  return (
    <>
      <Link href="/backups" className="link mb-2 inline-block text-sm">
        Back to the backups
      </Link>
      <PageHeader
        title="Crypto-shred"
        lede="Makes backups unreadable for good by destroying every wrap of their keys, after a waiting time in which any administrator can undo it. A signed certificate says what can no longer be read."
      />
      <div className="space-y-5">
        {requests.length > 0 && (
          <section aria-labelledby="requests">
            <h2 id="requests" className="mb-2.5 text-lg font-semibold">
              Requests
            </h2>
            <ShredList requests={requests} />
          </section>
        )}
        <ChooseByRule schedules={schedules} keys={keys} />
        <section aria-labelledby="one-by-one">
          <h2 id="one-by-one" className="mb-2.5 text-lg font-semibold">
            One by one
          </h2>
          {(rows.length > 0 || text !== undefined) && (
            <FilterBar key={text} path="/backups/shred" active={text !== undefined} submit="Search">
              <TextField
                label="Search"
                name="text"
                type="search"
                defaultValue={text}
                placeholder="Name, folder or key"
                className="w-64 max-sm:w-full"
              />
            </FilterBar>
          )}
          {rows.length > 0 ? (
            <ChooseByHand rows={rows} />
          ) : (
            <EmptyState title={text === undefined ? 'No complete backup' : 'No backup matches'}>
              Only backups that are complete and encrypted can be shredded.
            </EmptyState>
          )}
          <Pager path="/backups/shred" query={{ text }} paged={before !== undefined} next={nextBefore} />
        </section>
        {signingKey && <SigningKeyCard signingKey={signingKey} />}
      </div>
    </>
  )
}
