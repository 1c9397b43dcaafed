import { Badge, type Tone } from '#components/ui/badge.tsx'
import type { ShredItemState, ShredState } from '#lib/shred/schema.ts'

const words: Readonly<Record<ShredState, { tone: Tone; text: string }>> = {
  waiting: { tone: 'warn', text: 'Can be undone' },
  undone: { tone: 'idle', text: 'Undone' },
  running: { tone: 'busy', text: 'Under way' },
  complete: { tone: 'ok', text: 'Done' },
}

export function ShredStateBadge({ state }: { state: ShredState }) {
  return <Badge tone={words[state].tone}>{words[state].text}</Badge>
}

const itemWords: Readonly<Record<ShredItemState, { tone: Tone; text: string }>> = {
  waiting: { tone: 'idle', text: 'Restorable' },
  claimed: { tone: 'busy', text: 'Shredding' },
  destroyed: { tone: 'ok', text: 'Shredded' },
  gone: { tone: 'idle', text: 'Left out' },
}

export function ShredItemBadge({ state, error }: { state: ShredItemState; error: string | null }) {
  if (error !== null && state !== 'gone') return <Badge tone="warn">Not yet</Badge>
  return <Badge tone={itemWords[state].tone}>{itemWords[state].text}</Badge>
}
