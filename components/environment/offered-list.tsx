import { useId } from 'react'
import { Badge } from '#components/ui/badge.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import type { OfferedKey, OfferedRole } from '#lib/environment/schema.ts'

interface Props<One> {
  title: string
  rows: readonly One[]
  /** The ARN in the field. */
  chosen: string
  onUse: (one: One) => void
}

/** What the sandbox has to try, each filled in by a click. */
export function OfferedList<One extends OfferedRole & Partial<Pick<OfferedKey, 'region' | 'alias'>>>({
  title,
  rows,
  chosen,
  onUse,
}: Props<One>) {
  const id = useId()
  return (
    <div className="rounded-control border border-line bg-sunken">
      <div className="px-3 py-2.5">
        <h3 id={id} className="font-medium">
          {title}
        </h3>
        <p className="text-sm text-ink-3">
          Made for trying, on this machine. Click one to use it. Those marked Refused show what a refusal looks like.
        </p>
      </div>
      <ul aria-labelledby={id} className="max-h-76 overflow-y-auto overscroll-contain border-t border-line">
        {rows.map((one) => (
          <li key={one.arn} className="border-b border-line last:border-b-0">
            <button
              type="button"
              data-arn={one.arn}
              aria-pressed={chosen === one.arn}
              title={one.arn}
              onClick={() => onUse(one)}
              className="grid w-full grid-cols-[minmax(0,1fr)_auto] items-start gap-x-3 px-3 py-2 text-left -outline-offset-2 hover:bg-surface aria-pressed:bg-accent-soft"
            >
              <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
                <code className="text-ink">{shortenArn(one.arn)}</code>{' '}
                {one.region && <span className="text-sm text-ink-2">{one.region}</span>}{' '}
                {one.alias && <span className="truncate text-sm text-ink-3">{one.alias}</span>}
              </span>{' '}
              <Badge tone={one.usable ? 'ok' : 'bad'}>{one.usable ? 'Works' : 'Refused'}</Badge>{' '}
              {one.about !== 'Works' && <span className="col-span-2 text-sm text-ink-3">{one.about}</span>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
