import { LazyRemedies } from '#components/environment/lazy-remedies.tsx'
import { Badge, type Tone } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { LongList } from '#components/ui/long-list.tsx'
import { PassFocusOn } from '#components/ui/pass-focus-on.tsx'
import { Time } from '#components/ui/time.tsx'
import type { DeleteVersionsInput, ProofDetail, RetireResult, VersionRow } from '#lib/retire/schema.ts'
import { DeleteVersionsForm } from './delete-versions-form.tsx'

const words: Readonly<Record<VersionRow['state'], { tone: Tone; text: string }>> = {
  found: { tone: 'warn', text: 'Opens' },
  deleted: { tone: 'ok', text: 'Deleted' },
  gone: { tone: 'ok', text: 'Gone' },
  current: { tone: 'idle', text: 'Kept' },
  refused: { tone: 'bad', text: 'Refused' },
}

interface Props {
  proof: ProofDetail
  /** Undefined for whoever may not. */
  remove: ((input: DeleteVersionsInput) => Promise<RetireResult>) | undefined
}

/** In a bucket with versioning, what still opens with the key although nothing needs it. */
export function OldVersions({ proof, remove }: Props) {
  const { report, deletion, deletable, versions, id } = proof
  if (!report) return null
  const { found, backups, read, unseen } = report.oldVersions
  const busy = deletion?.state === 'queued' || deletion?.state === 'running'
  return (
    <Card title="Old versions in the bucket" id="old-versions">
      {found === 0 ? (
        <p className="text-ink-2">
          No old version of an envelope opens with this key{read > 0 ? `; ${count(read, 'old version')} read.` : '.'}
        </p>
      ) : (
        <p>
          <strong className="font-medium">
            {count(found, 'old version')} of envelopes, of {count(backups, 'backup')}, still open with this key.
          </strong>{' '}
          Nothing needs them. Whoever has the key and may read old versions of objects can read these backups with them.
        </p>
      )}
      {report.needed > 0 && (
        <p className="mt-2 text-ink-2">
          Of backups that need the key, none was counted: their current version opens with it too.
        </p>
      )}
      {unseen && (
        <>
          <p className="mt-2 text-ink-2 wrap-anywhere">Not all could be looked at. {unseen}</p>
          <LazyRemedies remedies={report.oldVersions.remedies} />
        </>
      )}
      {/* In the page before there is anything to say, or that it began is not read out. */}
      <p role="status" className="mt-3 wrap-anywhere empty:sr-only">
        {deletion && deletionWords(deletion)}
      </p>
      {/* Not in there, or it would be read out every second. */}
      {busy && <p className="text-ink-2">{formatNumber(deletion.deleted)} so far.</p>}
      {deletion && !busy && <LazyRemedies remedies={deletion.remedies} />}
      {versions.length > 0 && (
        <details className="mt-3" open={deletion !== null && deletion.refused > 0}>
          <summary className="w-fit py-1 text-sm text-ink-2 hover:text-ink">
            {found > versions.length
              ? `The first ${formatNumber(versions.length)} of ${formatNumber(found)}`
              : count(versions.length, 'old version')}
          </summary>
          <div className="mt-2 text-sm">
            <LongList of="more version" className="space-y-2.5">
              {versions.map((version) => (
                <li key={`${version.key} ${version.versionId}`} className="wrap-anywhere">
                  <Badge tone={words[version.state].tone}>{words[version.state].text}</Badge> <code>{version.key}</code>{' '}
                  <span className="text-ink-3">
                    version <code>{version.versionId}</code>, <Time iso={version.modified} />
                  </span>
                  {version.cause && <span className="block text-ink-2">{version.cause}</span>}
                </li>
              ))}
            </LongList>
          </div>
        </details>
      )}
      {remove && deletable > 0 && !busy && (
        <PassFocusOn to="old-versions" className="mt-4 border-t border-line pt-4">
          <DeleteVersionsForm id={id} versions={deletable} remove={remove} />
        </PassFocusOn>
      )}
    </Card>
  )
}

function deletionWords({ state, deleted, refused, by }: NonNullable<ProofDetail['deletion']>): string {
  if (state === 'queued' || state === 'running') return 'They are being deleted.'
  if (state === 'failed') return 'Deleting them did not come to its end. Ask for it again.'
  const rest =
    refused > 0
      ? `, ${formatNumber(refused)} refused: their causes are below.`
      : '. Run the proof again to see that none is left.'
  return `${count(deleted, 'version')} deleted, asked for by ${by}${rest}`
}
