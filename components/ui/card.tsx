import { type ReactNode, type Ref, useId } from 'react'

interface Props {
  title: string
  hint?: ReactNode
  /** Where a link may lead, and the focus. */
  id?: string
  /** For what appears where a person asked for it, and is to get the focus. */
  focus?: Ref<HTMLElement>
  children: ReactNode
}

/** A titled part of a page. */
export function Card({ title, hint, id: place, focus, children }: Props) {
  const id = useId()
  return (
    <section
      id={place}
      ref={focus}
      tabIndex={focus || place ? -1 : undefined}
      aria-labelledby={id}
      className={`card px-5.5 py-5 max-sm:px-4 ${focus ? 'outline-none' : ''}`}
    >
      <h2 id={id} className="text-lg font-semibold">
        {title}
      </h2>
      {hint && <p className="mt-0.5 text-sm text-ink-2">{hint}</p>}
      <div className="mt-4">{children}</div>
    </section>
  )
}
