import { CopyButton } from '#components/ui/copy-button.tsx'
import type { Check } from '#lib/keys/schema.ts'

/** What happened, why, what to do, something to copy, and at the end what AWS itself said. */
export function FailedCheck({ check, toldBefore }: { check: Check; toldBefore: boolean }) {
  const said = [
    ['Code', check.awsCode],
    ['Message', check.awsMessage],
    ['Request ID', check.awsRequestId],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined)
  return (
    <div className="mx-4.5 mt-3 mb-3 overflow-hidden rounded-control border border-line text-sm wrap-anywhere">
      <div className="space-y-1.5 px-3.5 py-3">
        <p>{check.detail}</p>
        {toldBefore ? (
          <p>Cause and fix are the same as above.</p>
        ) : (
          <>
            {check.cause && <p>{check.cause}</p>}
            {check.fix && (
              <p>
                <span className="font-medium">To mend it: </span>
                {check.fix}
              </p>
            )}
          </>
        )}
      </div>
      {check.remedy && !toldBefore && (
        <>
          <div className="flex items-center gap-2 border-y border-line bg-sunken py-1 pr-1 pl-3.5">
            <span className="min-w-0 truncate font-medium">{check.remedy.label}</span>
            <span className="ml-auto">
              <CopyButton text={check.remedy.text} what={check.remedy.label} />
            </span>
          </div>
          <pre
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
            tabIndex={0}
            className="max-h-80 overflow-auto px-3.5 py-3 text-xs leading-[1.125rem] -outline-offset-2"
          >
            {check.remedy.text}
          </pre>
        </>
      )}
      {said.length > 0 && (
        <details className="border-t border-line px-3.5 py-2.5 text-ink-2">
          <summary className="w-fit">AWS said</summary>
          <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1">
            {said.map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="text-ink-3">{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  )
}
