import type { Metadata } from 'next'
import Link from 'next/link'
import { Suspense } from 'react'
import { loadEffectiveConfiguration, loadEnvironment } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { EffectiveConfigurationPanel } from '#components/environment/effective-configuration-panel.tsx'
import { EnvironmentForm } from '#components/environment/environment-form.tsx'
import { EnvironmentIds } from '#components/environment/environment-ids.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { CardSkeleton } from '#components/ui/skeleton.tsx'
import { Time } from '#components/ui/time.tsx'
import { can } from '#lib/auth/schema.ts'
import { revisionNumberSchema } from '#lib/environment/schema.ts'

export const metadata: Metadata = { title: 'Backup Environment' }

export default async function BackupEnvironmentPage({ searchParams }: { searchParams: Promise<{ restore?: string }> }) {
  const user = await requireUser('environment.read')
  const canChange = can(user.role, 'environment.change')
  const restore = canChange ? revisionNumberSchema.safeParse((await searchParams).restore).data : undefined
  const view = await loadEnvironment(restore)
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
              <Link href="/settings/backup-environment/history" className="link">
                History
              </Link>
            </>
          )
        }
      />
      {!canChange && (
        <p className="card mb-4 px-4 py-3 text-ink-2">
          You are signed in as {user.role}: you can read these settings. Only an administrator can change them.
        </p>
      )}
      <EnvironmentForm view={view} canChange={canChange} canTest={can(user.role, 'key.check')} />
      <EnvironmentIds environmentId={view.environmentId} installation={view.installation} />
      {view.revision > 0 && (
        <div className="mt-4">
          <Suspense fallback={<CardSkeleton className="h-140 max-sm:h-180" />}>
            <EffectiveConfiguration />
          </Suspense>
        </div>
      )}
    </>
  )
}

/** Waits for AWS, and only it does. */
async function EffectiveConfiguration() {
  const configuration = await loadEffectiveConfiguration()
  return configuration && <EffectiveConfigurationPanel configuration={configuration} />
}
