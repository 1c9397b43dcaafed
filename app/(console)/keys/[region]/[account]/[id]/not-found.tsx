import type { Metadata } from 'next'
import { NotFoundMessage } from '#components/shell/not-found-message.tsx'

export const metadata: Metadata = { title: 'No such key' }

export default function NoSuchKey() {
  return (
    <NotFoundMessage title="No such key was ever used here" instead={{ href: '/keys', label: 'All keys' }}>
      No backup, no revision of the Backup Environment and no seal of this console names the key at this address. The
      address may be mistyped, or the key belongs to another console.
    </NotFoundMessage>
  )
}
