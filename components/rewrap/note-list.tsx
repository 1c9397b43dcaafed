import Link from 'next/link'
import { ToneIcon } from '#components/ui/badge.tsx'
import type { RewrapNote } from '#lib/rewrap/schema.ts'

/** What a person should know before, or what is left after. */
export function NoteList({ notes }: { notes: readonly RewrapNote[] }) {
  if (notes.length === 0) return null
  return (
    <ul className="space-y-2.5">
      {notes.map(({ tone, text, link }) => (
        <li key={text} className="flex gap-2">
          <ToneIcon tone={tone === 'warn' ? 'warn' : 'idle'} className="mt-0.5 size-4" />
          <span className="min-w-0 wrap-anywhere">
            {text}{' '}
            {link && (
              <Link href={link.href} className="link">
                {link.label}
              </Link>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}
