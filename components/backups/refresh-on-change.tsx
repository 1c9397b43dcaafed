'use client'
import { useFollowed } from '#components/ui/use-followed.ts'

interface Props {
  backup: { readonly id: string; readonly state: string }
}

/** In a page that names the state of a backup, with that state in its key: when it has changed, the page asks the server again. */
export function RefreshOnChange({ backup: { id, state } }: Props) {
  useFollowed({
    name: `backup:${id}`,
    initial: { state },
    hasEnded: (now) => now.state !== state || !['queued', 'running', 'waiting'].includes(state),
    onAnswer: () => {},
  })
  return null
}
