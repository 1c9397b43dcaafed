import type { Metadata } from 'next'
import Link from 'next/link'
import { loadKeys } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { KeyTable } from '#components/keys/key-table.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar, worthFiltering } from '#components/ui/filter-bar.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { NumberedPager } from '#components/ui/numbered-pager.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { can } from '#lib/auth/schema.ts'
import { keyStates } from '#lib/key-health/schema.ts'
import { keysQuerySchema } from '#lib/key-holdings/schema.ts'

export const metadata: Metadata = { title: 'Keys' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function KeysPage({ searchParams }: Props) {
  const user = await requireUser('backup.read')
  const query = keysQuerySchema.parse(await searchParams)
  const view = await loadKeys(query)
  const filtered = query.text !== undefined || query.state !== undefined
  return (
    <>
      <PageHeader
        title="Keys"
        lede="Every KMS key that was ever used here, what hangs on it, and what would be lost with it."
      />
      {view.total === 0 ? (
        <EmptyState
          title="No key yet"
          action={
            can(user.role, 'environment.change') && (
              <Link className={buttonClass({ variant: 'primary' })} href="/settings/backup-environment">
                Choose a key
              </Link>
            )
          }
        >
          As soon as a Backup Environment with a KMS key is saved, its key stands here.
        </EmptyState>
      ) : (
        <>
          {(view.total >= worthFiltering || filtered) && (
            <FilterBar key={`${query.text} ${query.state}`} path="/keys" active={filtered}>
              <TextField
                label="Search"
                name="text"
                type="search"
                defaultValue={query.text}
                placeholder="Alias, key ID, account or Region"
                className="w-72 max-sm:w-full"
              />
              <Select label="State" name="state" defaultValue={query.state} className="w-44">
                <option value="">All</option>
                {keyStates.map((state) => (
                  <option key={state} value={state}>
                    {state.slice(0, 1).toUpperCase() + state.slice(1)}
                  </option>
                ))}
                <option value="not needed">Not needed any more</option>
              </Select>
            </FilterBar>
          )}
          {view.rows.length > 0 ? (
            <KeyTable rows={view.rows} />
          ) : (
            <EmptyState title="No key matches">Search for something else, or clear the filter.</EmptyState>
          )}
          <NumberedPager
            path="/keys"
            query={{ text: query.text, state: query.state }}
            page={view.page}
            pages={view.pages}
          />
          <p className="mt-3 max-w-[80ch] text-sm text-ink-3">
            {filtered && `${formatNumber(view.found)} of ${formatNumber(view.total)} keys. `}
            “Lost with it” counts backups that nothing else opens: a second key that is deleted, pending deletion,
            disabled or refused is no other way in.
          </p>
        </>
      )}
    </>
  )
}
