'use client'
import { lazy, Suspense } from 'react'
import { CopyButton } from '#components/ui/copy-button.tsx'
import type { Changer, Remedy } from '#lib/aws/schema.ts'
import type { Check } from '#lib/keys/schema.ts'

// Most checks pass, so its script comes with the first that does not.
const FixRemedies = lazy(() => import('./fix-remedies.tsx'))

const places: Record<Changer, string> = {
  'key policy': 'The key policy, by whoever administers the key',
  'IAM policy': 'IAM, by an administrator of the caller’s account',
  'permissions boundary': 'The permissions boundary, by an administrator of IAM',
  'session policy': 'The session policy, by whoever issues the session',
  'service control policy': 'A service control policy, by an administrator of the organization',
  'resource control policy': 'A resource control policy, by an administrator of the organization',
  'VPC endpoint policy': 'The VPC endpoint policy, by whoever administers the network',
  'bucket policy': 'The bucket policy, by whoever administers the bucket',
  'role trust policy': 'The trust policy of the role, by its owner',
  key: 'The key, by whoever administers it',
  bucket: 'The bucket, by whoever administers it',
  network: 'The network between this console and AWS',
  account: 'The AWS account, by its administrator',
  credentials: 'The credentials, here or in IAM',
  clock: 'The clock of this machine',
  settings: 'These settings',
  wait: 'Nothing: it passes by itself',
}

/** What happened, why, where it is changed, what to do, something to copy, and at the end what AWS itself said. */
export function FailedCheck({
  check,
  toldBefore,
  withDetail = true,
}: {
  check: Check
  toldBefore: boolean
  /** What happened stands in the row above it otherwise. */
  withDetail?: boolean
}) {
  const said = [
    ['Code', check.awsCode],
    ['Message', check.awsMessage],
    ['Request ID', check.awsRequestId],
  ].filter((pair): pair is [string, string] => !!pair[1])
  const reasons = [
    ['Cause', check.cause],
    ['Where', check.who && places[check.who]],
    ['To mend it', check.fix],
  ].filter((pair): pair is [string, string] => !!pair[1])
  const remedies = remediesOf(check)
  return (
    <div className="mx-4.5 mt-1 mb-3 overflow-hidden rounded-control border border-line text-sm wrap-anywhere">
      <div className="space-y-2 px-3.5 py-3">
        {withDetail && <p>{check.detail}</p>}
        {toldBefore ? (
          <p>Cause and fix are the same as above.</p>
        ) : (
          <dl className="space-y-2">
            {reasons.map(([name, text]) => (
              <div key={name}>
                <dt className="text-xs text-ink-3">{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      {remedies.length > 0 && !toldBefore && (
        <Suspense>
          <FixRemedies remedies={remedies} heading="h4" />
        </Suspense>
      )}
      {said.length > 0 && (
        <details className="border-t border-line px-3.5 py-2.5 text-ink-2">
          <summary className="w-fit">AWS said</summary>
          <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1">
            {said.map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="text-ink-3">{name}</dt>
                <dd>
                  <code>{value}</code> {name === 'Request ID' && <CopyButton text={value} what="request ID" iconOnly />}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  )
}

/** Reports from before remedies had formats hold one text. */
function remediesOf({ remedies = [], remedy }: Check): readonly Remedy[] {
  if (!remedy) return remedies
  return [{ label: remedy.label, note: 'To copy.', formats: [{ format: 'json', file: 'fix.txt', text: remedy.text }] }]
}
