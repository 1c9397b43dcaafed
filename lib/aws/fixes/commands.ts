import type { Remedy } from '../schema.ts'

/** A fix that is a change of state, not of a policy: commands only. */
export function commandRemedy(note: string, ...lines: readonly string[]): Remedy {
  return {
    label: 'AWS CLI',
    note,
    formats: [{ format: 'cli', file: 'fix.sh', text: `${lines.join(' &&\n')}\n` }],
  }
}
