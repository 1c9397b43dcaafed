import type { Metadata } from 'next'
import Link from 'next/link'
import { buttonClass } from '#components/ui/button-class.ts'
import { MessagePage } from '#components/ui/message-page.tsx'

export const metadata: Metadata = { title: 'No such backup' }

export default function NoSuchBackup() {
  return (
    <MessagePage
      title="There is no such backup, or not any more"
      action={
        <Link href="/backups" className={buttonClass({ variant: 'primary' })}>
          All backups
        </Link>
      }
    >
      <p>
        Somebody deleted it, its schedule no longer keeps it, or the address is mistyped. An administrator finds who
        deleted which in the audit log.
      </p>
    </MessagePage>
  )
}
