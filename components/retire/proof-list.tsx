import Link from 'next/link'
import { Badge } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ProofRow } from '#lib/retire/schema.ts'

/** All that were made of a key, newest first. */
export function ProofList({ proofs, shown, path }: { proofs: readonly ProofRow[]; shown: string; path: string }) {
  return (
    <Card title="Reports">
      <ul className="space-y-2.5">
        {proofs.map((proof) => (
          <li key={proof.id} className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
            <ProofBadge proof={proof} />
            <Link
              href={`${path}?report=${proof.id}`}
              prefetch={false}
              aria-current={proof.id === shown ? 'true' : undefined}
              className="hover:underline aria-[current]:font-semibold"
            >
              <span className="sr-only">Report of </span>
              <Time iso={proof.createdAt} />
            </Link>
            <span className="min-w-0 truncate text-sm text-ink-3" title={proof.createdBy}>
              {proof.createdBy}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function ProofBadge({ proof: { state, safe } }: { proof: ProofRow }) {
  if (state === 'failed') return <Badge tone="bad">Failed</Badge>
  if (state !== 'complete') return <Badge tone="busy">Looking</Badge>
  return <Badge tone={safe ? 'ok' : 'warn'}>{safe ? 'Safe' : 'Needed'}</Badge>
}
