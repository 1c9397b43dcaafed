import type { Metadata } from 'next'
import { loadEnvironment } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { EnvironmentForm } from '#components/environment/environment-form.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Time } from '#components/ui/time.tsx'
import { can } from '#lib/auth/schema.ts'
import { saveEnvironment, testKey } from './actions.ts'

export const metadata: Metadata = { title: 'Backup Environment' }

export default async function BackupEnvironmentPage() {
  const user = await requireUser('environment.read')
  const view = await loadEnvironment()
  const canChange = can(user.role, 'environment.change')
  return (
    <>
      <PageHeader
        title="Backup Environment"
        lede="Where backups go, and the key they are encrypted under. A key is kept only once it has been proven to work."
        aside={
          view.savedAt && (
            <>
              Revision {view.revision}, saved <Time iso={view.savedAt} />
              {view.savedBy && <span className="block max-w-72 truncate">by {view.savedBy}</span>}
            </>
          )
        }
      />
      {!canChange && (
        <p className="card mb-4 px-4 py-3 text-ink-2">
          You are signed in as {user.role}: you can read these settings. Only an administrator can change them.
        </p>
      )}
      <EnvironmentForm
        view={view}
        canChange={canChange}
        canTest={can(user.role, 'key.check')}
        save={saveEnvironment}
        test={testKey}
      />
    </>
  )
}
