import { CopyButton } from './copy-button.tsx'
import { shortenArn } from './shorten-arn.ts'

/** An ARN in full when there is room for it, otherwise shortened in the middle; copied whole with one click. */
export function Arn({ arn, full = false }: { arn: string; full?: boolean }) {
  if (full) {
    return (
      <>
        <code className="wrap-anywhere">{arn}</code> <CopyButton text={arn} what={shortenArn(arn)} iconOnly />
      </>
    )
  }
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="truncate" title={arn}>
        {shortenArn(arn)}
      </code>
      <CopyButton text={arn} what={shortenArn(arn)} iconOnly />
    </span>
  )
}
