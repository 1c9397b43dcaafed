'use client'
import { useFollowed } from '#components/ui/use-followed.ts'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'

interface Props {
  backup: { readonly id: string; readonly state: string }
}

/** In a page that names the state of a backup, with that state in its key: when it has changed, the page asks the server again. */
export function RefreshOnChange({ backup }: Props) {
  const { id, state } = backup
  useFollowed({
    name: `backup:${id}`,
    initial: { state },
    hasEnded: (now) => now.state !== state || !isUnderWay(backup),
    onAnswer: () => {},
  })
  return null
}
