import { Fragment } from 'react'

/** Letters that are read from right to left: Hebrew, Arabic, Syriac and their kin. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
/** Not seen themselves, they turn round what follows: a program would be shown as `invoice exe.pdf`. */
const turning = /[\u202a-\u202e\u2066-\u2069]/g

/** For a title, where nothing can be put in its place. */
export const plainPath = (path: string) => path.replace(turning, '�')

/**
 * A path, or a part of one. Several folders that are read from right to left a browser makes one run of, the last one
 * first, and so shows another path: here each is put in its place by itself.
 */
export function PathText({ path }: { path: string }) {
  const plain = plainPath(path)
  if (!rightToLeft.test(plain)) return plain
  return plain.split('/').map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts have no names, and stay where they are
    <Fragment key={index}>
      {index > 0 && '/'}
      <bdi>{part}</bdi>
    </Fragment>
  ))
}

/** Of which not everything may be seen: the whole of it on hover. */
export function Path({ path, className }: { path: string; className: string }) {
  return (
    <code className={className} title={plainPath(path)}>
      <PathText path={path} />
    </code>
  )
}
