import type { RewrapState } from '#lib/rewrap/schema.ts'

// Not the schema's own: what a browser loads has no need of everything that parses.

const ended: readonly RewrapState[] = ['complete', 'failed', 'cancelled']

export const hasEnded = (state: RewrapState): boolean => ended.includes(state)
