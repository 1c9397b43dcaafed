import Link from 'next/link'
import type { ReactNode } from 'react'
import { ToneIcon } from '#components/ui/badge.tsx'
import { buttonClass } from '#components/ui/button-class.ts'

interface Step {
  title: string
  about: ReactNode
  done: boolean
  href: string
  /** What the button of the next step says; for whoever may not press it, who may. */
  action: string
  may: boolean
  who: string
}

/** The way from nothing to a proven backup. Only the next open step has a button. */
export function FirstSteps({ steps }: { steps: readonly Step[] }) {
  const next = steps.findIndex((step) => !step.done)
  return (
    <ol className="card divide-y divide-line">
      {steps.map((step, index) => (
        <li key={step.title} className="flex gap-3.5 px-5 py-4 max-sm:flex-wrap">
          <ToneIcon tone={step.done ? 'ok' : 'idle'} className="mt-0.5 size-5" />
          <div className="min-w-0 flex-1 max-sm:basis-[calc(100%-3rem)]">
            <h2 className="text-lg font-semibold">
              {index + 1}. {step.title} {step.done && <span className="ml-1 text-sm font-medium text-ok">Done</span>}
            </h2>
            <p className="mt-0.5 max-w-[60ch] text-ink-2">{step.about}</p>
          </div>
          {index === next && !step.may && <p className="text-sm text-ink-3 max-sm:ml-8.5">{step.who}</p>}
          {index === next && step.may && (
            <Link href={step.href} className={`${buttonClass({ variant: 'primary' })} max-sm:ml-8.5`}>
              {step.action}
            </Link>
          )}
        </li>
      ))}
    </ol>
  )
}
