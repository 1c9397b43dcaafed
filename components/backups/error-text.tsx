import Link from 'next/link'
import { keyPath } from '#lib/key-holdings/schema.ts'

const keyArn = /(arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+)/

/** What went wrong, in sentences. A key that they name leads to its page, which has the fix to copy. */
export function ErrorText({ text }: { text: string }) {
  return text.split(keyArn).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the same key may be named twice, and the parts of a text keep their places
      <Link key={`${index} ${part}`} href={keyPath(part)} prefetch={false} className="underline underline-offset-2">
        <code>{part}</code>
      </Link>
    ),
  )
}
