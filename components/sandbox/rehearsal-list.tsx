import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Select } from '#components/ui/select.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Time } from '#components/ui/time.tsx'
import { type RehearsalKind, rehearsalKinds, type SandboxView } from '#lib/sandbox/schema.ts'
import { ActionForm, type SandboxAction } from './action-form.tsx'
import { rehearsalWords } from './rehearsals.ts'

interface Props {
  view: SandboxView
  /** Preselected: what the backup environment uses. */
  keyArn: string | undefined
  bucket: string | undefined
  rehearse: SandboxAction
  restore: SandboxAction
}

export function RehearsalList({ view, keyArn, bucket, rehearse, restore }: Props) {
  const { rehearsal } = view
  const chosenKey = rehearsal?.keyArn ?? keyArn
  const chosenBucket = rehearsal?.bucket ?? bucket
  return (
    <Card
      title="Rehearsals"
      hint="Break one thing on purpose, see what the console says about it, and mend it as you would. Ending it puts everything back."
    >
      <ActiveRehearsal view={view} restore={restore} />
      <ActionForm action={rehearse}>
        {/* Another key or bucket under rehearsal makes new lists, which then show it. */}
        <div key={`${chosenKey} ${chosenBucket}`} className="mt-4 grid gap-4 sm:grid-cols-2">
          <Select label="Key" name="keyArn" defaultValue={chosenKey}>
            {view.keys.map(({ arn, aliases, region }) => (
              <option key={arn} value={arn}>
                {[aliases[0] ?? shortenArn(arn), region].join(' · ')}
              </option>
            ))}
          </Select>
          <Select label="Bucket" name="bucket" defaultValue={chosenBucket}>
            {view.buckets.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
            {rehearsal?.kind === 'bucket-gone' && <option>{rehearsal.bucket}</option>}
          </Select>
        </div>
        <ul aria-label="Rehearsals" className="mt-4 border-t border-line">
          {rehearsalKinds.map((kind) => (
            <RehearsalRow key={kind} kind={kind} active={rehearsal?.kind === kind} />
          ))}
        </ul>
      </ActionForm>
    </Card>
  )
}

function ActiveRehearsal({ view: { rehearsal, faults }, restore }: Pick<Props, 'view' | 'restore'>) {
  const words = rehearsal && rehearsalWords[rehearsal.kind]
  return (
    <div className="rounded-control border border-line px-3.5 py-3">
      <ActionForm action={restore}>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2.5">
          <div className="min-w-0 flex-1 basis-60">
            {/* Without what changes by the minute, which would be read out each time. */}
            <div role="status">
              {words ? (
                <>
                  <Badge tone="warn">Under way</Badge> <strong className="font-semibold">{words.title}</strong>
                </>
              ) : (
                <Badge tone="idle">None under way</Badge>
              )}
            </div>
            {words ? (
              <p className="mt-1 text-sm wrap-anywhere text-ink-2">
                Began <Time iso={rehearsal.since} />
                {rehearsal.keyArn && (
                  <>
                    , <code>{shortenArn(rehearsal.keyArn)}</code>
                  </>
                )}
                {rehearsal.bucket && (
                  <>
                    , <code>{rehearsal.bucket}</code>
                  </>
                )}
              </p>
            ) : (
              <p className="mt-1 text-sm text-ink-2">
                {faults.length > 0 ? 'Faults are set: see below.' : 'The sandbox answers as AWS does when all is well.'}
              </p>
            )}
          </div>
          <Button type="submit" disabled={!rehearsal && faults.length === 0}>
            {rehearsal ? 'End rehearsal' : 'Clear the faults'}
          </Button>
        </div>
      </ActionForm>
    </div>
  )
}

function RehearsalRow({ kind, active }: { kind: RehearsalKind; active: boolean }) {
  const { title, what, expect } = rehearsalWords[kind]
  return (
    <li className="flex items-start gap-x-4 gap-y-2 border-b border-line py-3.5 last:border-b-0 last:pb-0 max-sm:flex-col">
      <div className="min-w-0 flex-1">
        <h3 id={`rehearsal-${kind}`} className="flex flex-wrap items-center gap-2 font-medium">
          {title} {active && <Badge tone="warn">Under way</Badge>}
        </h3>
        <p className="mt-0.5 text-sm text-ink-2">{what}</p>
        <p className="mt-1 text-sm text-ink-3">
          <span className="font-medium text-ink-2">Expected:</span> {expect}
        </p>
      </div>
      <Button
        type="submit"
        size="small"
        name="kind"
        value={kind}
        aria-describedby={`rehearsal-${kind}`}
        disabled={active}
        className="group-aria-busy:pointer-events-none"
      >
        {active ? 'Under way' : 'Rehearse'}
      </Button>
    </li>
  )
}
