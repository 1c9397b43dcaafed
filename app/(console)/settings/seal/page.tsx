import type { Metadata } from 'next'
import { loadSeal } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { SealActions } from '#components/seal/seal-actions.tsx'
import { SealConfiguration } from '#components/seal/seal-configuration.tsx'
import { SealHealth } from '#components/seal/seal-health.tsx'
import { SealRootKeys } from '#components/seal/seal-root-keys.tsx'
import { SealState } from '#components/seal/seal-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { operateSeal } from './actions.ts'

export const metadata: Metadata = { title: 'Seal' }

export default async function SealPage() {
  await requireUser('seal.read')
  const seal = await loadSeal()
  return (
    <>
      <PageHeader
        title="Seal"
        lede="What protects this console’s own secrets at rest: stored access keys, the key that signs sessions, and the backup keys of method AES-256."
      />
      <div className="space-y-5">
        <SealState seal={seal} />
        {seal.health && <SealHealth health={seal.health} />}
        <SealConfiguration values={seal.configuration} />
        <SealRootKeys rootKeys={seal.rootKeys} />
        <SealActions operate={operateSeal} />
      </div>
    </>
  )
}
