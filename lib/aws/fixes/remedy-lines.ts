import type { Remedy } from '../schema.ts'

/** The first of them, as commands: what a terminal takes. */
export function remedyLines(remedies: readonly Remedy[]): string[] {
  const [first, ...others] = remedies
  const script = first?.formats.find(({ format }) => format === 'cli')?.text.trimEnd()
  if (!first || !script) return []
  const also = others.map(({ label }) => label.toLowerCase()).join(' and ')
  return [`${first.label}: ${first.note}`, ...script.split('\n'), ...(also ? [`And the ${also}: see the page.`] : [])]
}
