import type { Metadata } from 'next'
import Link from 'next/link'
import { buttonClass } from '#components/ui/button-class.ts'
import { MessagePage } from '#components/ui/message-page.tsx'

export const metadata: Metadata = { title: 'No such key' }

export default function NoSuchKey() {
  return (
    <MessagePage
      title="No such key was ever used here"
      action={
        <Link href="/keys" className={buttonClass({ variant: 'primary' })}>
          All keys
        </Link>
      }
    >
      <p>
        No backup, no revision of the Backup Environment and no seal of this console names the key at this address. The
        address may be mistyped, or the key belongs to another console.
      </p>
    </MessagePage>
  )
}
