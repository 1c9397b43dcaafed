import { Card } from '#components/ui/card.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { formatDuration } from '#components/ui/format-time.ts'
import { Time } from '#components/ui/time.tsx'
import type { BackupDetail } from '#lib/backup/schema.ts'
import { ProtectedBy } from './protected-by.tsx'
import { BackupBadge } from './state-badge.tsx'

export function BackupFacts({ backup }: { backup: BackupDetail }) {
  const took = backup.finishedAt ? Date.parse(backup.finishedAt) - Date.parse(backup.createdAt) : undefined
  return (
    <Card title="Backup">
      <Facts>
        <Fact name="State">
          <BackupBadge backup={backup} />
          {backup.state === 'cancelled' && (
            <p className="mt-1 text-sm text-ink-2">Nothing of it counts as a backup. What was stored is removed.</p>
          )}
          {backup.damaged && (
            <p className="mt-1 text-sm text-ink-2">
              A verification found problems:{' '}
              <a href="#verify" className="link">
                what and what to do
              </a>
              . A clean full one ends this.
            </p>
          )}
        </Fact>
        <Fact name="Started">
          <Time iso={backup.createdAt} /> by {backup.createdBy}
          {took !== undefined && took >= 0 && `, took ${formatDuration(took)}`}
        </Fact>
        <Fact name="Size">
          {backup.bytes === null ? '–' : formatBytes(backup.bytes)}
          {backup.bytesStored !== null && (
            <span className="text-ink-3"> · {formatBytes(backup.bytesStored)} stored</span>
          )}
        </Fact>
        <Fact name="Files">{backup.files === null ? '–' : formatNumber(backup.files)}</Fact>
        <Fact name="Protected by">
          <ProtectedBy backup={backup} full />
        </Fact>
        <Fact name="Bucket">
          <code>{backup.bucket}</code> <span className="text-ink-3">in {backup.region}</span>
        </Fact>
        <Fact name="Backup ID">
          <Id what="backup ID">{backup.id}</Id>
        </Fact>
      </Facts>
      {/* Kept apart: needed on one day only, and then not to be found anywhere else. */}
      {backup.state === 'complete' && <Recovery backup={backup} />}
    </Card>
  )
}

function Recovery({ backup }: { backup: BackupDetail }) {
  return (
    <div className="mt-5 border-t border-line pt-4">
      <h3 className="font-medium">To recover it without this console</h3>
      <p className="mt-0.5 mb-2.5 text-sm text-ink-3">
        Keep these numbers with your disaster plan; docs/recovery.md has the program that needs them.
      </p>
      <Facts>
        <Fact name="Installation">
          <Id what="installation ID">{backup.installation}</Id>
        </Fact>
        <Fact name="Environment">
          <Id what="environment ID">{backup.environment}</Id>
        </Fact>
        {backup.prefix && (
          <Fact name="Prefix">
            <code>{backup.prefix}</code>
          </Fact>
        )}
      </Facts>
    </div>
  )
}

function Id({ what, children }: { what: string; children: string }) {
  return (
    <>
      <code>{children}</code> <CopyButton text={children} what={what} iconOnly />
    </>
  )
}
