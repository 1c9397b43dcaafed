import type { Metadata } from 'next'
import Link from 'next/link'
import { loadBackups } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { BackupTable } from '#components/backups/backup-table.tsx'
import { CancelButton } from '#components/backups/cancel-button.tsx'
import { LiveProgress } from '#components/backups/live-progress.tsx'
import { StartBackupForm } from '#components/backups/start-backup-form.tsx'
import { UploadArea } from '#components/backups/upload-area.tsx'
import { NoEnvironment } from '#components/environment/no-environment.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar } from '#components/ui/filter-bar.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Pager } from '#components/ui/pager.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { can, type Role } from '#lib/auth/schema.ts'
import { backupQuerySchema } from '#lib/backup/schema.ts'
import { cancelBackup, startBackup } from '../actions.ts'

export const metadata: Metadata = { title: 'Backups' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function BackupsPage({ searchParams }: Props) {
  const user = await requireUser('backup.read')
  const query = backupQuerySchema.parse(await searchParams)
  const view = await loadBackups(query)
  const filtered = query.text !== undefined || query.state !== undefined
  const canRun = can(user.role, 'backup.run')
  return (
    <>
      <PageHeader
        title="Backups"
        lede="Each is encrypted under the key it names. Lose the key and the backup is gone; change it and only the envelope moves."
        aside={
          <div className="flex flex-wrap gap-2.5">
            <Link href="/backups/schedules" className={buttonClass({ size: 'small' })}>
              Schedules
            </Link>
            {can(user.role, 'backup.shred') && (
              <Link href="/backups/shred" className={buttonClass({ size: 'small' })}>
                Crypto-shred
              </Link>
            )}
          </div>
        }
      />
      {view.hasEnvironment && canRun && (
        <div className="mb-4">
          <StartBackupForm sources={view.sources} start={startBackup} />
          <div className="mt-3">
            <UploadArea person={user.id} />
          </div>
        </div>
      )}
      {view.active.length > 0 && (
        <ul aria-label="Under way" className="mb-4 space-y-3">
          {view.active.map((backup) => (
            <li key={backup.id}>
              <LiveProgress
                name={`backup:${backup.id}`}
                label={`Backup ${backup.name.slice(0, 80)}`}
                state={backup.state}
                actions={
                  canRun && (
                    <CancelButton
                      id={backup.id}
                      what={`backup ${backup.name.slice(0, 80)}`}
                      then={`row-${backup.id}`}
                      cancel={cancelBackup}
                    />
                  )
                }
                title={
                  <h2 className="min-w-0 truncate text-lg font-semibold">
                    <Link href={`/backups/${backup.id}`} prefetch={false} className="hover:underline">
                      {backup.name}
                    </Link>
                  </h2>
                }
              />
            </li>
          ))}
        </ul>
      )}
      {!view.hasBackups ? (
        <Nothing hasEnvironment={view.hasEnvironment} role={user.role} />
      ) : (
        <>
          <FilterBar key={`${query.text} ${query.state}`} path="/backups" active={filtered}>
            <TextField
              label="Search"
              name="text"
              type="search"
              defaultValue={query.text}
              placeholder="Name, folder or key"
              className="w-64 max-sm:w-full"
            />
            <Select label="State" name="state" defaultValue={query.state} className="w-40">
              <option value="">All</option>
              <option value="queued">Queued</option>
              <option value="running">Running</option>
              <option value="waiting">Waiting</option>
              <option value="complete">Complete</option>
              <option value="damaged">Damaged</option>
              <option value="failed">Failed</option>
              <option value="cancelled">Cancelled</option>
              <option value="deleting">Deleting</option>
              <option value="shredding">Shredding</option>
              <option value="shredded">Shredded</option>
            </Select>
          </FilterBar>
          {view.rows.length > 0 ? (
            <BackupTable rows={view.rows} />
          ) : (
            <EmptyState title={filtered ? 'No backup matches' : 'No older backups'}>
              {filtered ? 'Search for something else, or clear the filter.' : 'This is the end of the list.'}
            </EmptyState>
          )}
          <Pager
            path="/backups"
            query={{ text: query.text, state: query.state }}
            paged={query.before !== undefined}
            next={view.nextBefore}
          />
        </>
      )}
    </>
  )
}

function Nothing({ hasEnvironment, role }: { hasEnvironment: boolean; role: Role }) {
  if (!hasEnvironment) return <NoEnvironment mayChange={can(role, 'environment.change')} />
  return (
    <EmptyState title="No backups yet">
      {can(role, 'backup.run')
        ? 'Choose a folder above and press Back up now. It is encrypted on this machine before anything leaves it.'
        : 'An operator or administrator can start the first one.'}
    </EmptyState>
  )
}
