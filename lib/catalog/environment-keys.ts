import { z } from 'zod'
import type { Revision } from '#lib/environment/access.ts'

const furtherSchema = z.array(z.object({ keyArn: z.string() }))

/** Every key ARN that a revision names. */
export function keyArnsOf({ keyArn, furtherKeys }: Pick<Revision, 'keyArn' | 'furtherKeys'>): string[] {
  const further = furtherSchema.parse(furtherKeys).map((key) => key.keyArn)
  return [...new Set([...(keyArn ? [keyArn] : []), ...further])]
}
