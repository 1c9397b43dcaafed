import type { ReactNode } from 'react'
import { LineIcon } from './line-icon.tsx'

const ring = <circle cx="12" cy="12" r="10" />
const tones = {
  ok: {
    ink: 'text-ok',
    soft: 'bg-ok-soft',
    shape: (
      <>
        {ring}
        <path d="M8 12.3l2.7 2.7 5.3-5.5" />
      </>
    ),
  },
  warn: { ink: 'text-warn', soft: 'bg-warn-soft', shape: <path d="M12 3 2 20.5h20zM12 9.5v4.5M12 17.2v.01" /> },
  bad: {
    ink: 'text-bad',
    soft: 'bg-bad-soft',
    shape: (
      <>
        {ring}
        <path d="M9 9l6 6M15 9l-6 6" />
      </>
    ),
  },
  busy: { ink: 'text-info', soft: 'bg-info-soft', shape: <path d="M12 2a10 10 0 1 0 10 10" /> },
  idle: { ink: 'text-ink-2', soft: 'bg-sunken', shape: <circle cx="12" cy="12" r="10" strokeDasharray="3.6 4.254" /> },
}
export type Tone = keyof typeof tones

export function ToneIcon({ tone, className = 'size-4' }: { tone: Tone; className?: string }) {
  const { ink, shape } = tones[tone]
  return (
    <LineIcon className={`shrink-0 ${ink} ${tone === 'busy' ? 'animate-spin' : ''} ${className}`}>{shape}</LineIcon>
  )
}

/** A state: always a word, with an icon and a colour that only repeat it. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`badge ${tones[tone].ink} ${tones[tone].soft}`}>
      <ToneIcon tone={tone} className="size-3" />
      {children}
    </span>
  )
}
