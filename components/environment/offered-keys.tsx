import { useId } from 'react'
import { Badge } from '#components/ui/badge.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import type { OfferedKey } from '#lib/environment/schema.ts'

interface Props {
  keys: readonly OfferedKey[]
  /** Empty while none is chosen. */
  region: string
  chosen: string
  onUse: (key: OfferedKey) => void
}

export function OfferedKeys({ keys, region, chosen, onUse }: Props) {
  const id = useId()
  const rank = (key: OfferedKey) => (key.usable ? 0 : 2) + (key.region === region ? 0 : 1)
  const sorted = [...keys].sort((a, b) => rank(a) - rank(b))
  return (
    <div className="rounded-control border border-line bg-sunken">
      <div className="px-3 py-2.5">
        <h3 id={id} className="font-medium">
          Sandbox keys
        </h3>
        <p className="text-sm text-ink-3">
          Made for trying, on this machine. Click one to use it. Those marked Refused show what a refusal looks like.
        </p>
      </div>
      <ul aria-labelledby={id} className="max-h-76 overflow-y-auto overscroll-contain border-t border-line">
        {sorted.map((key) => (
          <li key={key.arn} className="border-b border-line last:border-b-0">
            <button
              type="button"
              data-key-arn={key.arn}
              aria-pressed={chosen === key.arn}
              title={key.arn}
              onClick={() => onUse(key)}
              className="grid w-full grid-cols-[minmax(0,1fr)_auto] items-start gap-x-3 px-3 py-2 text-left -outline-offset-2 hover:bg-surface aria-pressed:bg-accent-soft"
            >
              <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
                <code className="text-ink">{shortenArn(key.arn)}</code>{' '}
                <span className="text-sm text-ink-2">{key.region}</span>{' '}
                {key.alias && <span className="truncate text-sm text-ink-3">{key.alias}</span>}
              </span>{' '}
              <Badge tone={key.usable ? 'ok' : 'bad'}>{key.usable ? 'Works' : 'Refused'}</Badge>{' '}
              {key.about !== 'Works' && <span className="col-span-2 text-sm text-ink-3">{key.about}</span>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
