import Link from 'next/link'
import { ProtectedBy } from '#components/backups/protected-by.tsx'
import { BackupBadge } from '#components/backups/state-badge.tsx'
import { Arn } from '#components/ui/arn.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { BackupRow } from '#lib/backup/schema.ts'
import type { EnvironmentGlanceView } from '#lib/environment/schema.ts'

export function EnvironmentGlance({ view }: { view: EnvironmentGlanceView }) {
  const { values } = view
  return (
    <Card title="Backup environment">
      <Facts>
        <Fact name="Encryption">
          {!values.encrypt ? (
            <Badge tone="warn">Off</Badge>
          ) : values.method === 'AWS-KMS' ? (
            'Under your AWS KMS key'
          ) : (
            'AES-256, key of this Vault'
          )}
        </Fact>
        {view.keyArn && values.encrypt && values.method === 'AWS-KMS' && (
          <Fact name="Key">
            <Arn arn={view.keyArn} />
          </Fact>
        )}
        <Fact name="Bucket">
          <code>{values.hosted ? (view.hostedBucket ?? '').replace('{region}', values.region) : values.bucket}</code>{' '}
          <span className="text-ink-3">in {values.region}</span>
        </Fact>
        <Fact name="Key check">
          {view.report ? (
            // Of the save, and not of today: how the key is now stands on its page, and trouble on every page.
            <>
              <Badge tone={view.report.ok ? 'ok' : 'bad'}>{view.report.ok ? 'Works' : 'Failed'}</Badge>{' '}
              <span className="text-ink-3">when it was saved</span>
            </>
          ) : (
            'Not run yet'
          )}
        </Fact>
        {view.savedAt && (
          <Fact name="Saved">
            <Time iso={view.savedAt} /> <span className="text-ink-3">by {view.savedBy}</span>
          </Fact>
        )}
      </Facts>
      <p className="mt-4">
        <Link href="/settings/backup-environment" className="link">
          Settings and key check
        </Link>
      </p>
    </Card>
  )
}

export function BackupsGlance({ last, active, complete }: { last: BackupRow; active: number; complete: number }) {
  return (
    <Card title="Backups">
      <Facts>
        <Fact name="Latest">
          <Link href={`/backups/${last.id}`} prefetch={false} className="link line-clamp-2">
            {last.name}
          </Link>
        </Fact>
        <Fact name="State">
          <BackupBadge backup={last} />
          {last.error && <p className="mt-1 line-clamp-3 text-sm text-ink-2 wrap-anywhere">{last.error}</p>}
        </Fact>
        <Fact name="When">
          <Time iso={last.createdAt} />
          {last.bytes !== null && <span className="text-ink-3"> · {formatBytes(last.bytes)}</span>}
        </Fact>
        <Fact name="Protected by">
          <ProtectedBy backup={last} />
        </Fact>
        <Fact name="Complete">{count(complete, 'backup')}</Fact>
        {active > 0 && <Fact name="Under way">{count(active, 'backup')}</Fact>}
      </Facts>
      <p className="mt-4">
        <Link href="/backups" className="link">
          The whole list
        </Link>
      </p>
    </Card>
  )
}
