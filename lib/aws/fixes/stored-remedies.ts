import type { Remedy } from '../schema.ts'

/** For a JSON column. */
export const storedRemedies = (remedies: readonly Remedy[]) =>
  remedies.map(({ formats, ...one }) => ({ ...one, formats: formats.map((format) => ({ ...format })) }))
