import type { Metadata } from 'next'
import { loadBackups, loadEnvironmentGlance } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { RefreshOnChange } from '#components/backups/refresh-on-change.tsx'
import { FirstSteps } from '#components/overview/first-steps.tsx'
import { BackupsGlance, EnvironmentGlance } from '#components/overview/glance.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { can } from '#lib/auth/schema.ts'

export const metadata: Metadata = { title: 'Overview' }

export default async function OverviewPage() {
  const { role } = await requireUser('backup.read')
  const [environment, backups] = await Promise.all([loadEnvironmentGlance(), loadBackups({})])
  const last = backups.rows[0]
  const saved = environment.revision > 0
  if (!saved || !last || !backups.restored) {
    return (
      <>
        <PageHeader
          title="Overview"
          lede="Three steps to backups that only your key opens, and the proof that they can be restored."
        />
        <FirstSteps
          steps={[
            {
              title: 'Set up the backup environment',
              about:
                'Where backups go and the key they are encrypted under. Both are proven to work before they are kept.',
              done: saved,
              href: '/settings/backup-environment',
              action: 'Set up',
              may: can(role, 'environment.change'),
              who: 'An administrator does this.',
            },
            {
              title: 'Make the first backup',
              about:
                'Choose a folder and press Back up now. It is encrypted here, before anything leaves this machine.',
              done: environment.backups > 0,
              href: '/backups',
              action: 'Choose a folder',
              may: can(role, 'backup.run'),
              who: 'An operator or administrator does this.',
            },
            {
              title: 'Restore it',
              about:
                'Open the backup, restore it into a new folder, and compare. A backup counts once it has come back.',
              done: backups.restored,
              href: last ? `/backups/${last.id}` : '/backups',
              action: 'Choose one',
              may: can(role, 'restore.run'),
              who: 'An operator or administrator does this.',
            },
          ]}
        />
      </>
    )
  }
  return (
    <>
      <PageHeader
        title="Overview"
        lede="A backup counts once it has come back: restore one into a new folder now and then."
      />
      <RefreshOnChange key={`${last.id} ${last.state}`} backup={last} />
      <div className="grid grid-cols-1 items-start gap-4 min-[1100px]:grid-cols-2">
        <BackupsGlance last={last} active={backups.active.length} complete={environment.backups} />
        <EnvironmentGlance view={environment} />
      </div>
    </>
  )
}
