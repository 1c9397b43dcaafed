import { Badge, type Tone } from '#components/ui/badge.tsx'

/** A key's state as it is shown: a badge, or plain words where there is nothing to tell. */
export interface StateWords {
  readonly tone: Tone | undefined
  readonly text: string
}

export function StateWordsBadge({ words: { tone, text } }: { words: StateWords }) {
  return tone ? <Badge tone={tone}>{text}</Badge> : <span className="text-ink-3">{text}</span>
}
