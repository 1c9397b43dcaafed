import Link from 'next/link'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'
import { isOwnName } from '#lib/rewrap/schema.ts'

/** A key of a re-wrap, shortened, with a link to its page. */
export function KeyWords({ name }: { name: string }) {
  if (name === 'AES-256') return <>AES-256, the console’s root key</>
  if (isOwnName(name)) return <code className="wrap-anywhere">{name}</code>
  return (
    <Link href={keyPath(name)} className="link" title={name}>
      <code>{shortenArn(name)}</code>
    </Link>
  )
}
