import { Bell, FlaskConical, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

const tones = {
  info: { Icon: FlaskConical, look: 'bg-info-soft text-info' },
  news: { Icon: Bell, look: 'bg-accent-soft text-ink' },
  warn: { Icon: TriangleAlert, look: 'bg-warn-soft text-warn' },
}

interface Props {
  tone: keyof typeof tones
  title: string
  children: ReactNode
  action?: ReactNode
}

/** Something true of every page, said at its top. */
export function Banner({ tone, title, children, action }: Props) {
  const { Icon, look } = tones[tone]
  return (
    <div role="note" className={`border-b border-line px-8 py-2 text-sm max-md:px-4 ${look}`}>
      {/* A phone has the action behind the last word: with a line of its own three of them take half of the screen. */}
      <div className="flex gap-x-2.5 max-sm:relative max-sm:block max-sm:pl-6.5">
        <Icon aria-hidden className="mt-px size-4 shrink-0 max-sm:absolute max-sm:left-0" />
        <div className="min-w-0 flex-1 wrap-anywhere max-sm:inline">
          <strong className="font-semibold">{title}.</strong> {children}
        </div>
        {action && (
          <div className="shrink-0 max-sm:ml-1.5 max-sm:inline [&_button]:text-left max-sm:[&_form]:inline">
            {action}
          </div>
        )}
      </div>
    </div>
  )
}
