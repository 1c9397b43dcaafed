import type { RewrapWish } from '#lib/rewrap/schema.ts'
import { KeyWords } from './key-words.tsx'

/** What a re-wrap does, in a line. */
export function RewrapTitle({ wish: { mode, from, to } }: { wish: RewrapWish }) {
  if (mode === 'remove' && from !== null)
    return (
      <>
        <KeyWords name={from} /> removed
      </>
    )
  if (mode === 'add' && to !== null)
    return (
      <>
        <KeyWords name={to} /> added{from !== null && ' beside '}
        {from !== null && <KeyWords name={from} />}
      </>
    )
  return (
    <>
      {from !== null && <KeyWords name={from} />} → {to !== null && <KeyWords name={to} />}
    </>
  )
}
