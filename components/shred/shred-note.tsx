import Link from 'next/link'
import { Countdown } from './countdown.tsx'

interface Props {
  request: {
    readonly id: string
    readonly state: string
    readonly dueAt: string
    readonly error: string | null
    /** Whether the reader may open the request. */
    readonly link: boolean
  }
  shredded: boolean
}

/** On a backup's page: that it is going to be shredded, or was. */
export function ShredNote({ request: { id, state, dueAt, error, link }, shredded }: Props) {
  return (
    <div role="note" className="mb-4 rounded-control border border-warn bg-warn-soft px-3.5 py-2.5 text-warn">
      {shredded ? (
        'No wrap of its key is left: what it held cannot be read again.'
      ) : state === 'waiting' ? (
        <>
          It will be unreadable for good <Countdown until={dueAt} />, unless an administrator undoes that. Until then it
          restores as before.
        </>
      ) : (
        <>The wraps of its key are being destroyed. {error}</>
      )}{' '}
      {link && (
        <Link href={`/backups/shred/${id}`} className="underline underline-offset-2">
          {shredded ? 'Its certificate' : 'The request'}
        </Link>
      )}
    </div>
  )
}
