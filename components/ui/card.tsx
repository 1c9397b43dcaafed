import { type ReactNode, useId } from 'react'

interface Props {
  title: string
  hint?: ReactNode
  /** Where a link may lead. */
  id?: string
  children: ReactNode
}

/** A titled part of a page. */
export function Card({ title, hint, id: place, children }: Props) {
  const id = useId()
  return (
    <section id={place} aria-labelledby={id} className="card px-5.5 py-5 max-sm:px-4">
      <h2 id={id} className="text-lg font-semibold">
        {title}
      </h2>
      {hint && <p className="mt-0.5 text-sm text-ink-2">{hint}</p>}
      <div className="mt-4">{children}</div>
    </section>
  )
}
