import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { getConsole } from '#app/_lib/console.ts'
import { requireUser } from '#app/_lib/session.ts'
import { CallTable } from '#components/sandbox/call-table.tsx'
import { FaultList } from '#components/sandbox/fault-list.tsx'
import { KeyTables } from '#components/sandbox/key-tables.tsx'
import { RehearsalList } from '#components/sandbox/rehearsal-list.tsx'
import { Store } from '#components/sandbox/store.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { currentEnvironment } from '#lib/environment/access.ts'
import { emptyStore, rehearse, restore } from './actions.ts'

export const metadata: Metadata = { title: 'Sandbox' }

/** More would make the page long without telling more. */
const callsShown = 30

export default async function SandboxPage() {
  await requireUser('sandbox.rehearse')
  const { sandbox, db } = await getConsole()
  if (!sandbox) notFound()
  const [view, { revision }, backups] = await Promise.all([
    sandbox.view().catch(() => undefined),
    currentEnvironment(db),
    db.backup.count({ where: { state: 'complete' } }),
  ])
  const header = (
    <PageHeader
      title="Sandbox"
      lede="A stand-in for AWS KMS, STS and S3 on this machine. It is for trying and rehearsing: nothing in it is safe, and nothing that happens here reaches AWS."
      aside={view && <code>{view.endpoint}</code>}
    />
  )
  if (!view) {
    return (
      <>
        {header}
        <EmptyState title="The sandbox does not answer">
          It may be starting again. Reload the page; logs/sandbox.log of the data folder says more.
        </EmptyState>
      </>
    )
  }
  const keyArn = revision?.keyArn ?? view.keys[0]?.arn
  const region = view.keys.find(({ arn }) => arn === keyArn)?.region
  const bucket = revision?.bucket ?? view.buckets.find((one) => one.region === region)?.name
  return (
    <>
      {header}
      <div className="grid grid-cols-1 items-start gap-4 min-[1100px]:grid-cols-[minmax(0,1fr)_420px]">
        <RehearsalList view={view} keyArn={keyArn} bucket={bucket} rehearse={rehearse} restore={restore} />
        <div className="space-y-4">
          <Store
            buckets={view.buckets}
            bytes={view.bytes}
            capacity={view.capacity}
            backups={backups}
            empty={emptyStore}
          />
          <FaultList faults={view.faults} />
        </div>
      </div>
      <section aria-labelledby="calls" className="card mt-4 overflow-hidden">
        <h2 id="calls" className="px-4 pt-5 pb-2 text-lg font-semibold max-md:px-3">
          Recent calls
        </h2>
        <CallTable calls={view.calls.slice(0, callsShown)} />
      </section>
      <section aria-labelledby="keys" className="card mt-4 overflow-hidden">
        <h2 id="keys" className="px-4 pt-5 pb-2 text-lg font-semibold max-md:px-3">
          Keys and aliases
        </h2>
        <KeyTables keys={view.keys} open={region} />
      </section>
    </>
  )
}
