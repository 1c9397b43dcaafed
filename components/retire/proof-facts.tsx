import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { exactTime } from '#components/ui/format-time.ts'
import type { RetireReport } from '#lib/retire/schema.ts'

/** Everything that was looked at. */
export function ProofFacts({ report }: { report: RetireReport }) {
  const { backups, envelopes, unknown, places, revisions, sealedValues, kms, beyond } = report
  const { state, lastUse, aliases } = kms
  return (
    <>
      <Card title="What was looked at">
        <Facts>
          <Fact name="Envelopes">
            {formatNumber(envelopes)} of {count(backups, 'backup')} read back from the bucket, and not naming the key.
          </Fact>
          <Fact name="Not in database">
            {unknown.folders === 0
              ? 'No folder of a backup that this database does not know.'
              : `${count(unknown.folders, 'folder')} of backups that this database does not know, ${formatNumber(unknown.naming)} of them under the key.`}
          </Fact>
          <Fact name="Older settings">
            {revisions.length === 0
              ? 'None named it.'
              : `Revision ${revisions.join(', ')} named it. Going back there would need the key.`}
          </Fact>
          <Fact name="Secrets">{count(sealedValues, 'sealed value')} of this console, by their root keys</Fact>
          <Fact name="Where">
            {places.map(({ region, bucket, folder }) => (
              <code key={`${bucket}/${folder}`} className="block wrap-anywhere" title={region}>
                s3://{bucket}/{folder}
              </code>
            ))}
          </Fact>
        </Facts>
      </Card>
      <Card title="What KMS says of it">
        <Facts>
          <Fact name="State">
            {'why' in state
              ? state.why
              : `${state.state}${state.deletionDate ? `, to be deleted ${exactTime(state.deletionDate)}` : ''}`}
          </Fact>
          <Fact name="Last use">{lastUseText(lastUse)}</Fact>
          <Fact name="Aliases">
            {'why' in aliases
              ? aliases.why
              : aliases.names.length === 0
                ? 'None points to it.'
                : `${aliases.names.join(', ')}: what uses such a name, here or elsewhere, uses this key.`}
          </Fact>
        </Facts>
      </Card>
      <Card title="What this cannot see">
        <ul className="list-disc space-y-1.5 pl-5 text-ink-2">
          {beyond.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      </Card>
    </>
  )
}

function lastUseText(lastUse: RetireReport['kms']['lastUse']): string {
  if ('why' in lastUse) return lastUse.why
  if (lastUse.at) return `${lastUse.operation} on ${exactTime(lastUse.at)}, by this console or anybody else.`
  return lastUse.since ? `None since ${exactTime(lastUse.since)}, when AWS began to keep track.` : 'Never.'
}
