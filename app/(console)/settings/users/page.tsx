import type { Metadata } from 'next'
import { getConsole } from '#app/_lib/console.ts'
import { requireUser } from '#app/_lib/session.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar, worthFiltering } from '#components/ui/filter-bar.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { NumberedPager } from '#components/ui/numbered-pager.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { AddPersonForm } from '#components/users/add-person-form.tsx'
import { PersonTable } from '#components/users/person-table.tsx'
import { roleOptions } from '#components/users/role-words.ts'
import { listUsers } from '#lib/auth/list-users.ts'
import { usersQuerySchema } from '#lib/auth/schema.ts'
import { addPerson } from './actions.ts'

export const metadata: Metadata = { title: 'Users' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function UsersPage({ searchParams }: Props) {
  const user = await requireUser('user.manage')
  const { text, role, page } = usersQuerySchema.parse(await searchParams)
  const view = await listUsers((await getConsole()).db, { text, role, page })
  const filtered = text !== undefined || role !== undefined
  return (
    <>
      <PageHeader
        title="Users"
        lede="Everybody who may sign in, and what they may do. Open one to change their role, give them a new password or remove them."
      />
      <AddPersonForm add={addPerson} />
      {(view.total >= worthFiltering || filtered) && (
        <FilterBar key={`${text} ${role}`} path="/settings/users" active={filtered}>
          <TextField
            label="Search"
            name="text"
            type="search"
            defaultValue={text}
            placeholder="Name or e-mail"
            className="w-64 max-sm:w-full"
          />
          <Select label="Role" name="role" defaultValue={role} className="w-44">
            <option value="">All</option>
            {roleOptions.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </FilterBar>
      )}
      {view.rows.length > 0 ? (
        <PersonTable rows={view.rows} you={user.id} />
      ) : (
        <EmptyState title="Nobody matches">Search for something else, or clear the filter.</EmptyState>
      )}
      <NumberedPager path="/settings/users" query={{ text, role }} page={view.page} pages={view.pages} />
      <p className="mt-3 text-sm text-ink-3">
        {filtered ? `${formatNumber(view.found)} of ${count(view.total, 'user')}.` : `${count(view.total, 'user')}.`}
      </p>
    </>
  )
}
