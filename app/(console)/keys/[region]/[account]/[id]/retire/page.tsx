import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { z } from 'zod'
import { loadProofs } from '#app/_lib/load-retire.ts'
import { requireUser } from '#app/_lib/session.ts'
import { keyHref } from '#components/keys/key-href.ts'
import { NextSteps } from '#components/retire/next-steps.tsx'
import { OldVersions } from '#components/retire/old-versions.tsx'
import { ProofFacts } from '#components/retire/proof-facts.tsx'
import { ProofList } from '#components/retire/proof-list.tsx'
import { ProofVerdict } from '#components/retire/proof-verdict.tsx'
import { StartProofButton } from '#components/retire/start-proof-button.tsx'
import { Alert } from '#components/ui/alert.tsx'
import { Arn } from '#components/ui/arn.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { Card } from '#components/ui/card.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { PageHeader } from '#components/ui/page-header.tsx'
import { ProgressBar } from '#components/ui/progress-bar.tsx'
import { RefreshWhile } from '#components/ui/refresh-while.tsx'
import { can } from '#lib/auth/schema.ts'
import { arnOfPath } from '#lib/key-holdings/schema.ts'
import type { ProofDetail } from '#lib/retire/schema.ts'
import { deleteOldVersions, startProof } from './actions.ts'

export const metadata: Metadata = { title: 'Safe to retire?' }

interface Props {
  params: Promise<{ region: string; account: string; id: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function RetirePage({ params, searchParams }: Props) {
  const user = await requireUser('backup.read')
  const arn = arnOfPath(await params)
  if (!arn) notFound()
  const wanted = z.uuid().safeParse((await searchParams).report).data
  const { proofs, proof, neededAgain, commands } = await loadProofs(arn, wanted)
  const may = can(user.role, 'key.retire')
  const looking = proofs.some(({ state }) => state === 'queued' || state === 'running')
  const deleting = proof?.deletion?.state === 'queued' || proof?.deletion?.state === 'running'
  return (
    <>
      {(looking || deleting) && <RefreshWhile />}
      <Link href={keyHref(arn)} className="link mb-2 inline-block text-sm">
        Back to the key
      </Link>
      <PageHeader
        title="Safe to retire?"
        lede={<Arn arn={arn} full />}
        aside={may && <StartProofButton arn={arn} again={proofs.length > 0} busy={looking} start={startProof} />}
      />
      {!proof ? (
        <EmptyState title="Not looked at yet">
          A proof reads every envelope back from the bucket and looks at settings, schedules and the seal.{' '}
          {may ? 'It changes nothing, and its report is kept.' : 'An administrator can run it here.'}
        </EmptyState>
      ) : (
        <div className="grid grid-cols-1 items-start gap-4 min-[1100px]:grid-cols-[minmax(0,1fr)_380px]">
          <div className="min-w-0 space-y-4">
            {proof.report ? (
              <ProofVerdict report={proof.report} neededAgain={neededAgain} />
            ) : (
              <UnderWay proof={proof} />
            )}
            {proof.report && <OldVersions proof={proof} remove={may ? deleteOldVersions : undefined} />}
            {proof.report?.safe && !neededAgain && <NextSteps commands={commands} />}
            {proof.report && <ProofFacts report={proof.report} />}
          </div>
          <div className="min-w-0 space-y-4">
            <ProofList proofs={proofs} shown={proof.id} path={`${keyHref(arn)}/retire`} />
            {proof.report && <Keep id={proof.id} />}
          </div>
        </div>
      )}
    </>
  )
}

function UnderWay({ proof: { state, error, progress } }: { proof: ProofDetail }) {
  if (state === 'failed')
    return (
      <Card title="It did not come to its end">
        <Alert>{error}</Alert>
      </Card>
    )
  const { step, done, total } = progress ?? { step: 'Waiting for a worker', done: 0, total: 0 }
  const text = total > 0 ? `${formatNumber(done)} of ${formatNumber(total)}` : ''
  return (
    <Card title="Looking" hint="A worker does it; this page may be closed.">
      <p className="mb-2">
        {step} <span className="text-ink-3 tabular-nums">{text}</span>
      </p>
      <ProgressBar label="Proof" percent={total > 0 ? Math.min(100, (100 * done) / total) : undefined} text={text} />
    </Card>
  )
}

function Keep({ id }: { id: string }) {
  return (
    <Card title="Keep this report" hint="It stays here, too.">
      <div className="flex flex-wrap gap-2.5">
        <a href={`/api/retire-proofs/${id}?as=text`} download className={buttonClass()}>
          As text
        </a>
        <a href={`/api/retire-proofs/${id}`} download className={buttonClass()}>
          As JSON
        </a>
      </div>
    </Card>
  )
}
