import { z } from 'zod'
import { type Remedy, remedyFormats } from '../schema.ts'

/** As a JSON column has them. */
export const remediesSchema = z.array(
  z.object({
    label: z.string(),
    note: z.string(),
    formats: z.array(z.object({ format: z.enum(remedyFormats), file: z.string(), text: z.string() })),
  }),
)

/** For a JSON column. */
export const storedRemedies = (remedies: readonly Remedy[]) =>
  remedies.map(({ formats, ...one }) => ({ ...one, formats: formats.map((format) => ({ ...format })) }))
