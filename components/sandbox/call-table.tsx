import { Badge } from '#components/ui/badge.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { LoggedCall } from '#lib/sandbox/schema.ts'
import { toneOfCall } from './tone-of-call.ts'

const names: Readonly<Record<string, string>> = { kms: 'KMS', sts: 'STS', s3: 'S3' }

export function CallTable({ calls }: { calls: readonly LoggedCall[] }) {
  if (calls.length === 0) {
    return <p className="px-4 pb-5 text-ink-2 max-md:px-3">None since the sandbox started.</p>
  }
  return (
    <Table aria-label="Recent calls">
      <thead>
        <tr>
          <Th>Call</Th>
          <Th wide>About</Th>
          <Th>Answer</Th>
          <Th wide>When</Th>
        </tr>
      </thead>
      <tbody>
        {calls.map(({ time, service, operation, status, code, resource }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a call has no name, and the list is made anew each time
          <tr key={index}>
            <Td heads className="wrap-anywhere">
              {names[service] ?? service} {operation}
              <div className="text-sm text-ink-3 md:hidden">
                <Time iso={time} />
              </div>
            </Td>
            <Td wide className="text-ink-2">
              {resource && <code title={resource}>{shortenArn(resource)}</code>}
            </Td>
            <Td className="wrap-anywhere">
              <Badge tone={toneOfCall({ service, operation, status, code })}>{status}</Badge>{' '}
              {code && <code className="text-ink-2">{code}</code>}
            </Td>
            <Td wide>
              <Time iso={time} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
