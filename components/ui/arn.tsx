import { CopyButton } from './copy-button.tsx'
import { shortenArn } from './shorten-arn.ts'

/** An ARN in full when there is room for it, otherwise shortened in the middle; copied whole with one click. */
export function Arn({ arn, full = false }: { arn: string; full?: boolean }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className={full ? 'wrap-anywhere' : 'truncate'} title={full ? undefined : arn}>
        {full ? arn : shortenArn(arn)}
      </code>
      <CopyButton text={arn} what={shortenArn(arn)} iconOnly />
    </span>
  )
}
