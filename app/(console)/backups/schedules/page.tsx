import type { Metadata } from 'next'
import Link from 'next/link'
import { loadSchedules } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { NoEnvironment } from '#components/environment/no-environment.tsx'
import { ScheduleForm } from '#components/schedules/schedule-form.tsx'
import { ScheduleList } from '#components/schedules/schedule-list.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar, worthFiltering } from '#components/ui/filter-bar.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { NumberedPager } from '#components/ui/numbered-pager.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { can } from '#lib/auth/schema.ts'
import { schedulesPath, schedulesQuerySchema, weekdays } from '#lib/schedules/schema.ts'
import { addSchedule, changeSchedule } from './actions.ts'

export const metadata: Metadata = { title: 'Schedules' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function SchedulesPage({ searchParams }: Props) {
  const user = await requireUser('backup.read')
  const query = schedulesQuerySchema.parse(await searchParams)
  const { text } = query
  const { view, sources, hasEnvironment } = await loadSchedules(query)
  const canChange = can(user.role, 'schedule.change')
  return (
    <>
      <Link href="/backups" className="link mb-2 inline-block text-sm">
        Back to the backups
      </Link>
      <PageHeader
        title="Schedules"
        lede="Each backs up one folder by itself, in UTC, and deletes its own complete backups beyond the last ones. A run that was missed is made up for once."
      />
      {hasEnvironment && canChange && (
        <div className="mb-4">
          <ScheduleForm sources={sources} weekdays={weekdays} add={addSchedule} />
        </div>
      )}
      {(view.total >= worthFiltering || text !== undefined) && (
        <FilterBar key={text} path={schedulesPath} active={text !== undefined} submit="Search">
          <TextField
            label="Search"
            name="text"
            type="search"
            defaultValue={text}
            placeholder="Name, folder or host"
            className="w-64 max-sm:w-full"
          />
        </FilterBar>
      )}
      {view.rows.length > 0 ? (
        <ScheduleList rows={view.rows} change={canChange ? changeSchedule : undefined} />
      ) : text !== undefined ? (
        <EmptyState title="No schedule matches">Search for something else, or clear the search.</EmptyState>
      ) : !hasEnvironment ? (
        <NoEnvironment mayChange={can(user.role, 'environment.change')} />
      ) : (
        <EmptyState title="No schedules yet">
          {canChange ? 'Choose a folder and a time above.' : 'An administrator can add one.'}
        </EmptyState>
      )}
      <NumberedPager path={schedulesPath} query={{ text }} page={view.page} pages={view.pages} />
      {view.total >= worthFiltering && (
        <p className="mt-3 text-sm text-ink-3">
          {text === undefined
            ? `${count(view.total, 'schedule')}, those in trouble first.`
            : `${formatNumber(view.found)} of ${count(view.total, 'schedule')}.`}
        </p>
      )}
    </>
  )
}
