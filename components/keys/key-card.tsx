import { type ReactNode, useId } from 'react'
import { Arn } from '#components/ui/arn.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Command } from '#components/ui/command.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Time } from '#components/ui/time.tsx'
import type { KeyHolding } from '#lib/rewrap/schema.ts'

interface Props {
  holding: KeyHolding
  /** What KMS says of it now. */
  state: ReactNode
}

/** One key: its state, and what would be lost with it. */
export function KeyCard({ holding, state }: Props) {
  const { arn, backups, bytes, onlyWayIn, oldest, newest, inUse } = holding
  const id = useId()
  return (
    <section aria-labelledby={id} className="card px-5.5 py-5 max-sm:px-4">
      <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 id={id} className="min-w-0 text-lg font-semibold wrap-anywhere">
          {shortenArn(arn)}
        </h2>
        {inUse && <Badge tone="idle">In use for new backups</Badge>}
        {state}
      </div>
      <Facts>
        <Fact name="Key ARN">
          <Arn arn={arn} full />
        </Fact>
        <Fact name="Backups">
          {backups === 0 ? 'None' : `${formatNumber(backups)}, ${formatBytes(bytes)}`}
          {backups > 0 && (
            <span className="block text-sm text-ink-3">
              {onlyWayIn === 0
                ? 'Each has another key that opens it as well.'
                : `${onlyWayIn === backups ? 'All of them' : formatNumber(onlyWayIn)} would be lost with this key: nothing else opens ${onlyWayIn === 1 ? 'it' : 'them'}.`}
            </span>
          )}
        </Fact>
        {oldest && newest && (
          <Fact name="Restore points">
            <Time iso={oldest} /> to <Time iso={newest} />
          </Fact>
        )}
      </Facts>
      {backups > 0 && (
        <details className="mt-4 border-t border-line pt-3">
          <summary className="cursor-pointer py-1 font-medium">Give {count(backups, 'backup')} another key</summary>
          <p className="mt-2 mb-3 max-w-[66ch] text-ink-2">
            Only their envelopes are written anew; no data moves. On this console’s host, with the new key’s ARN. The
            first line says what it would do, the last one proves that this key is not needed any more:
          </p>
          <Command
            text={`npx byok key rewrap --from ${arn} --to NEW-KEY-ARN --dry-run\nnpx byok key rewrap --from ${arn} --to NEW-KEY-ARN\nnpx byok key retire-proof ${arn}`}
          />
        </details>
      )}
    </section>
  )
}
