import { notFound } from 'next/navigation'

/** A mistyped address keeps the navigation around its message. */
export default function Missing(): never {
  notFound()
}
