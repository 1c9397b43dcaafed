import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
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
      <div className="mt-3">
        <Command text="npx byok sandbox fault add --service kms --operation Decrypt --effect AccessDenied" />
      </div>
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
