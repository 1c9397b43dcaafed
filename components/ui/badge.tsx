import { CircleCheck, CircleDashed, CircleX, LoaderCircle, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

const tones = {
  ok: { Icon: CircleCheck, ink: 'text-ok', soft: 'bg-ok-soft' },
  warn: { Icon: TriangleAlert, ink: 'text-warn', soft: 'bg-warn-soft' },
  bad: { Icon: CircleX, ink: 'text-bad', soft: 'bg-bad-soft' },
  busy: { Icon: LoaderCircle, ink: 'text-info', soft: 'bg-info-soft' },
  idle: { Icon: CircleDashed, ink: 'text-ink-2', soft: 'bg-sunken' },
}
export type Tone = keyof typeof tones

export function ToneIcon({ tone, className = 'size-4' }: { tone: Tone; className?: string }) {
  const { Icon, ink } = tones[tone]
  return <Icon aria-hidden className={`shrink-0 ${ink} ${tone === 'busy' ? 'animate-spin' : ''} ${className}`} />
}

/** A state: always a word, with an icon and a colour that only repeat it. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span
      className={`inline-flex min-h-[22px] items-center gap-1.5 rounded-[11px] px-2 py-[3px] text-xs font-medium ${tones[tone].ink} ${tones[tone].soft}`}
    >
      <ToneIcon tone={tone} className="size-3" />
      {children}
    </span>
  )
}
