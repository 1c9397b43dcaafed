import Link from 'next/link'
import type { ReactNode } from 'react'
import { buttonClass } from '#components/ui/button-class.ts'
import { MessagePage } from '#components/ui/message-page.tsx'

interface Props {
  title?: string
  /** Where it might be found instead. */
  instead?: { href: string; label: string }
  /** What may have become of it. */
  children?: ReactNode
}

/** Nothing is at an address; where it is known what should be, of that. */
export function NotFoundMessage({
  title = 'There is nothing at this address',
  instead = { href: '/', label: 'Go to the overview' },
  children = 'The address may be mistyped, what it named may be gone, or your role may not be allowed to see it.',
}: Props) {
  return (
    <MessagePage
      title={title}
      action={
        <Link href={instead.href} className={buttonClass({ variant: 'primary' })}>
          {instead.label}
        </Link>
      }
    >
      <p>{children}</p>
    </MessagePage>
  )
}
