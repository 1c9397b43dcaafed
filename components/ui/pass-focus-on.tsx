'use client'
import { type ReactNode, useLayoutEffect, useRef } from 'react'

interface Props {
  /**
   * The ID of what stands there afterwards: its first link or button gets the focus, or itself (`tabIndex={-1}`): where it
   * has none, and where it has a name, of which a button in the middle of it says nothing. Where nothing stands there, the
   * content of the page.
   */
  to: string | undefined
  className?: string
  children: ReactNode
}

/**
 * Around buttons that go when what they do is done: whoever pressed one goes on from what stands there then, not from the
 * top of the page. Somebody whose focus is elsewhere by then keeps it.
 */
export function PassFocusOn({ to, className, children }: Props) {
  const around = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const going = around.current
    return () => {
      // Still in the page: it is taken out, and what follows it is put there, before the next microtask.
      if (!going?.contains(document.activeElement)) return
      queueMicrotask(() => {
        if (document.activeElement !== document.body) return
        const place = to === undefined ? null : document.getElementById(to)
        const first = place?.matches('[aria-labelledby]') ? null : place?.querySelector<HTMLElement>('a[href], button')
        const next = first ?? place ?? document.getElementById('main')
        next?.focus()
      })
    }
  }, [to])
  return (
    <div ref={around} className={className}>
      {children}
    </div>
  )
}
