import type { Metadata } from 'next'
import { NotFoundMessage } from '#components/shell/not-found-message.tsx'

export const metadata: Metadata = { title: 'No such backup' }

export default function NoSuchBackup() {
  return (
    <NotFoundMessage
      title="There is no such backup, or not any more"
      instead={{ href: '/backups', label: 'All backups' }}
    >
      Somebody deleted it, its schedule no longer keeps it, or the address is mistyped. An administrator finds who
      deleted which in the audit log.
    </NotFoundMessage>
  )
}
