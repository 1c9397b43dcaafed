import Link from 'next/link'
import { buttonClass } from '#components/ui/button-class.ts'
import { MessagePage } from '#components/ui/message-page.tsx'

export function NotFoundMessage() {
  return (
    <MessagePage
      title="There is nothing at this address"
      action={
        <Link href="/" className={buttonClass({ variant: 'primary' })}>
          Go to the overview
        </Link>
      }
    >
      <p>The address may be mistyped, what it named may be gone, or your role may not be allowed to see it.</p>
    </MessagePage>
  )
}
