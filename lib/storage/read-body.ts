import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { AppError } from '#lib/errors.ts'
import { freeNow } from '#lib/free-now.ts'
import { copyTo } from '#lib/shared-memory.ts'

interface BodyOptions {
  /** What the answer says that it has. */
  readonly announced: number | undefined
  readonly maxBytes: number
  /** Memory that may take it. */
  readonly into?: Buffer | undefined
  /** To begin a sentence with. */
  readonly name: string
}

/**
 * The body of an answer, never more of it than `maxBytes`, whatever the store sends. Throws AppError: `integrity` where it
 * is longer or there is none, `unreachable` where it was cut off.
 */
export async function readBody(body: unknown, { announced, maxBytes, into, name }: BodyOptions): Promise<Uint8Array> {
  if (!(body instanceof Readable)) throw new AppError('integrity', `${name} came without a body.`)
  const expected = Math.min(announced ?? 0, maxBytes)
  let whole = into && into.length >= expected ? into : Buffer.allocUnsafeSlow(expected)
  let size = 0
  body.on('data', (chunk: Buffer) => {
    const needed = size + chunk.length
    if (needed > maxBytes)
      return body.destroy(new AppError('integrity', `${name} is longer than the ${maxBytes} bytes it may have.`))
    if (needed > whole.length) whole = Buffer.concat([whole], Math.min(maxBytes, 2 * needed))
    copyTo(whole, size, chunk)
    size = needed
    freeNow(chunk)
  })
  await finished(body, { writable: false })
  if (announced !== undefined && size !== announced)
    throw new AppError('unreachable', `${name} came only in part: ${size} of ${announced} bytes.`)
  return whole.subarray(0, size)
}
