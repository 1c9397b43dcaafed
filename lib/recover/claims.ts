import { z } from 'zod'
import { AppError } from '#lib/errors.ts'

// What objects in the bucket say of themselves. Only proposals: whether they are true shows when they are opened.

const envelopeSchema = z.object({
  wraps: z.array(z.object({ keyId: z.string(), context: z.object({ installation: z.string() }) })).min(1),
})

/** @param what begins the sentence of the AppError `integrity` */
export function claimsOf(envelope: Uint8Array, what: string): { installation: string; keyIds: string[] } {
  try {
    const { wraps } = envelopeSchema.parse(JSON.parse(Buffer.from(envelope).toString('utf8')))
    return { installation: wraps[0]?.context.installation ?? '', keyIds: wraps.map((wrap) => wrap.keyId) }
  } catch (cause) {
    throw new AppError('integrity', `${what} cannot be read.`, { cause })
  }
}

/** Of lines of JSON whose first one names it. */
export function installationIn(content: Buffer, what: string): string {
  try {
    const head = JSON.parse(content.subarray(0, content.indexOf('\n')).toString('utf8'))
    return z.object({ installation: z.string() }).parse(head).installation
  } catch (cause) {
    throw new AppError('integrity', `${what} cannot be read.`, { cause })
  }
}
