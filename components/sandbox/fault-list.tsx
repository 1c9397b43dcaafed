import { Card } from '#components/ui/card.tsx'
import type { Fault } from '#lib/sandbox/schema.ts'

/** Set by hand, with the command or the control interface; a rehearsal's own are not among them. */
export function FaultList({ faults }: { faults: readonly Fault[] }) {
  return (
    <Card title="Active faults" hint="Finer than a rehearsal, from the command line.">
      {faults.length > 0 ? (
        <ul className="space-y-1.5">
          {faults.map((fault, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two faults may be alike
            <li key={index} className="wrap-anywhere">
              <code>{faultText(fault)}</code>
            </li>
          ))}
        </ul>
      ) : (
        <p className="text-ink-2">None.</p>
      )}
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
        tabIndex={0}
        className="mt-3 overflow-x-auto rounded-control bg-sunken px-3 py-2 text-xs"
      >
        npx byok sandbox fault add --service kms --operation Decrypt --effect AccessDenied
      </pre>
    </Card>
  )
}

function faultText({ service, operation, effect, keyId, bucket, latencyMs, times, probability }: Fault): string {
  return [
    `${service} ${operation}: ${effect}`,
    keyId && `key ${keyId}`,
    bucket && `bucket ${bucket}`,
    latencyMs !== undefined && `${latencyMs} ms`,
    times !== undefined && `${times} times`,
    probability !== undefined && `probability ${probability}`,
  ]
    .filter(Boolean)
    .join(', ')
}
