import Link from 'next/link'
import { Banner } from '#components/ui/banner.tsx'
import { count } from '#components/ui/format-bytes.ts'
import type { ShredAhead } from '#lib/shred/schema.ts'
import { Countdown } from './countdown.tsx'

/** On every administrator's pages, as long as it can be undone. */
export function ShredBanner({ ahead: { id, requests, backups, dueAt } }: { ahead: ShredAhead }) {
  return (
    <Banner
      tone="warn"
      title="Crypto-shred ahead"
      action={
        <Link
          href={requests === 1 ? `/backups/shred/${id}` : '/backups/shred'}
          className="underline underline-offset-2"
        >
          Look, or undo it
        </Link>
      }
    >
      {count(backups, 'backup')} will be unreadable for good{requests === 1 ? '' : ', the first of them'}{' '}
      <Countdown until={dueAt} />.
    </Banner>
  )
}
