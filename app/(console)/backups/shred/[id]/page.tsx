import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { loadShred } from '#app/_lib/load-shred.ts'
import { requireUser } from '#app/_lib/session.ts'
import { LazyRemedies } from '#components/environment/lazy-remedies.tsx'
import { Countdown } from '#components/shred/countdown.tsx'
import { ShredItems } from '#components/shred/shred-items.tsx'
import { ShredStateBadge } from '#components/shred/shred-state-badge.tsx'
import { SigningKeyCard } from '#components/shred/signing-key.tsx'
import { UndoButton } from '#components/shred/undo-button.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { exactTime } from '#components/ui/format-time.ts'
import { PageHeader } from '#components/ui/page-header.tsx'
import { RefreshWhile } from '#components/ui/refresh-while.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ShredDetail } from '#lib/shred/schema.ts'
import { undoShred } from '../actions.ts'

export const metadata: Metadata = { title: 'Crypto-shred request' }

export default async function ShredRequestPage({ params }: { params: Promise<{ id: string }> }) {
  await requireUser('backup.shred')
  const view = await loadShred((await params).id)
  if (!view) notFound()
  const { shred, signingKey } = view
  return (
    <>
      {(shred.state === 'running' || shred.state === 'waiting') && <RefreshWhile from={shred.dueAt} />}
      <Link href="/backups/shred" className="link mb-2 inline-block text-sm">
        All requests
      </Link>
      <PageHeader
        title={<span className="line-clamp-2">{shred.name}</span>}
        lede={`Crypto-shred of ${count(shred.backups, 'backup')}, ${formatBytes(shred.bytes)}.`}
        aside={<ShredStateBadge state={shred.state} />}
      />
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_380px]">
        <div className="min-w-0 space-y-4">
          {shred.state === 'waiting' && <Waiting shred={shred} />}
          {shred.state === 'running' && (
            <Card title="The wraps are being destroyed">
              <p className="text-ink-2">
                Nobody opens these backups any more. Two minutes after the last envelope was deleted the bucket is
                looked at once more; then the certificate is signed. What is refused stands beside its backup, and is
                tried again.
              </p>
              {shred.remedies.length > 0 && (
                <>
                  <p className="mt-3">Some are refused for want of a permission. This gives it:</p>
                  <LazyRemedies remedies={shred.remedies} />
                </>
              )}
            </Card>
          )}
          {shred.certified && <CertificateCard shred={shred} />}
          <ShredItems items={shred.items} />
          {shred.backups > shred.items.length && (
            <p className="text-sm text-ink-3">
              And {formatNumber(shred.backups - shred.items.length)} more; the certificate names them all.
            </p>
          )}
        </div>
        <div className="min-w-0 space-y-4">
          <RequestCard shred={shred} />
          {shred.certified && signingKey && <SigningKeyCard signingKey={signingKey} />}
        </div>
      </div>
    </>
  )
}

function Waiting({ shred }: { shred: ShredDetail }) {
  return (
    <Card title="It can still be undone" hint="Until then these backups restore as before, and nobody can delete them.">
      <p className="mb-4 text-xl font-semibold">
        {shred.backups === 1 ? 'It' : 'They'} will be unreadable for good <Countdown until={shred.dueAt} />
      </p>
      <UndoButton id={shred.id} undo={undoShred} />
    </Card>
  )
}

function CertificateCard({ shred }: { shred: ShredDetail }) {
  return (
    <Card
      title="Certificate"
      hint={
        shred.state === 'complete'
          ? 'What can no longer be read, what was proven, and on what it rests.'
          : `Of the ${formatNumber(shred.destroyed)} that are done. Another one follows when more are.`
      }
    >
      <a href={`/api/shreds/${shred.id}/certificate`} download className={buttonClass({ variant: 'primary' })}>
        Download certificate
      </a>
      <p className="mt-4 mb-2 text-sm text-ink-2">
        To verify it, on this console’s host; docs/keys.md does it with OpenSSL alone.
      </p>
      <Command text={`npx byok shred verify shred-certificate-${shred.id}.json`} />
    </Card>
  )
}

function RequestCard({ shred }: { shred: ShredDetail }) {
  return (
    <Card title="Request">
      <Facts>
        <Fact name="Asked for">
          <Time iso={shred.createdAt} /> by {shred.createdBy}
        </Fact>
        {shred.reason && <Fact name="Reason">{shred.reason}</Fact>}
        <Fact name="Due">
          <time dateTime={shred.dueAt}>{exactTime(shred.dueAt)}</time>
        </Fact>
        {shred.undoneAt && (
          <Fact name="Undone">
            <Time iso={shred.undoneAt} /> by {shred.undoneBy}
          </Fact>
        )}
        <Fact name="Shredded">
          {formatNumber(shred.destroyed)} of {formatNumber(shred.backups)}
        </Fact>
        {shred.finishedAt && (
          <Fact name="Ended">
            <Time iso={shred.finishedAt} />
          </Fact>
        )}
        <Fact name="Request ID">
          <code>{shred.id}</code>
        </Fact>
      </Facts>
    </Card>
  )
}
