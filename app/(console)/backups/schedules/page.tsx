import type { Metadata } from 'next'
import Link from 'next/link'
import { loadSchedules } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { NoEnvironment } from '#components/environment/no-environment.tsx'
import { ScheduleForm } from '#components/schedules/schedule-form.tsx'
import { ScheduleList } from '#components/schedules/schedule-list.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { can } from '#lib/auth/schema.ts'
import { weekdays } from '#lib/schedules/schema.ts'
import { addSchedule, changeSchedule } from './actions.ts'

export const metadata: Metadata = { title: 'Schedules' }

export default async function SchedulesPage() {
  const user = await requireUser('backup.read')
  const { rows, sources, hasEnvironment } = await loadSchedules()
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
      {rows.length > 0 ? (
        <ScheduleList rows={rows} change={canChange ? changeSchedule : undefined} />
      ) : !hasEnvironment ? (
        <NoEnvironment mayChange={can(user.role, 'environment.change')} />
      ) : (
        <EmptyState title="No schedules yet">
          {canChange ? 'Choose a folder and a time above.' : 'An administrator can add one.'}
        </EmptyState>
      )}
    </>
  )
}
